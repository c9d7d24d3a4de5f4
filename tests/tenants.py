#!/usr/bin/env python3
"""Runs the engine with two tenants, one of which floods it, before a server that takes bulk requests one after the
other: how much of the flood goes ahead of the other's events, and what limits do.

    tenants.py BINARY [PART OF A NAME]      closes with `N passed, N failed`
"""
import http.server
import json
import pathlib
import re
import socket
import sys
import threading
import time
import urllib.request

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER / "faults"), str(FOLDER)]

from checks import check, equal, free_port, run_tests  # noqa: E402
from engine import Engine, wait_until  # noqa: E402

WAIT = 60  # seconds for something that should come soon
SPEED = 10 << 20  # bytes a second that the server takes
FLOOD_LINE = json.dumps({"tenant": "flood", "message": "x" * 300}).encode() + b"\n"


class OneByOne(http.server.ThreadingHTTPServer):
    """Enough of Elasticsearch, with a capacity: requests are carried out one after the other, at SPEED."""
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, speed=SPEED):
        self.speed, self.turn, self.changed = speed, threading.Lock(), threading.Condition()
        self.bytes = self.flood = 0
        self.ahead = {}  # of each quiet event: bytes of bulk requests that were carried out before it, in all
        super().__init__(("127.0.0.1", 0), Answering)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # an engine that was stopped hangs up

    def carry_out(self, body):
        with self.turn:
            time.sleep(len(body) / self.speed)
            with self.changed:
                for number in re.findall(rb'"number":(\d+)', body):
                    self.ahead[int(number)] = self.bytes
                self.bytes += len(body)
                self.flood += body.count(b'"tenant":"flood"')
                self.changed.notify_all()

    def wait(self, what, condition):
        with self.changed:
            check(self.changed.wait_for(condition, WAIT), f"not within {WAIT} s: {what}")


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        self.answer(b'{"version":{"number":"8.17.0","build_flavor":"default"},"cluster_uuid":"u","cluster_name":"c"}')

    do_HEAD = do_PUT = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "_bulk" in self.path:
            self.server.carry_out(body)
        self.answer(b'{"errors":false}')


class Bench:
    """An engine before a OneByOne, and the two tenants' connections."""

    def __init__(self, binary, folder, options):
        self.server = OneByOne()
        self.port = free_port()
        self.engine = Engine(binary, folder, f"""
            input {{ tcp {{ host => "127.0.0.1" port => {self.port} codec => json_lines
                          dns_reverse_lookup_enabled => false }} }}
            filter {{ tenant {{ id => "who" source => ["[tenant]"] {options} }} }}
            output {{ elasticsearch {{ hosts => ["http://127.0.0.1:{self.server.server_address[1]}"] index => "x"
                                     manage_template => false compression_level => 0 }} }}""", queue="memory")
        self.engine.ready(self.port)
        self.stopped = threading.Event()
        self.flooding = None

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port))

    def flood(self):
        """Sends as much as is taken, until close()."""

        def send():
            try:
                with self.connect() as connection:
                    while not self.stopped.is_set():
                        connection.sendall(FLOOD_LINE * 100)
            except OSError:
                pass  # the engine was stopped

        self.flooding = threading.Thread(target=send, daemon=True)
        self.flooding.start()

    def filter_figures(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.engine.api}/_node/stats/pipelines/main", timeout=10) as answer:
            filters = json.load(answer)["pipelines"]["main"]["plugins"]["filters"]
        return next(one for one in filters if one["id"] == "who")

    def close(self):
        self.stopped.set()
        self.engine.end()
        self.server.shutdown()
        self.server.server_close()


def quiet_line(number):
    return json.dumps({"tenant": "quiet", "number": number}).encode() + b"\n"


def share_ahead(bench, events):
    """The bytes that the server carried out between the sending of each quiet event and its arrival, sorted."""
    server, ahead = bench.server, []
    with bench.connect() as quiet:
        for number in range(1, events + 1):
            if number == 2:
                bench.flood()
                server.wait("the flood reaches the server", lambda: server.flood > 10_000)
            before = server.bytes
            quiet.sendall(quiet_line(number))
            server.wait(f"quiet event {number}", lambda: number in server.ahead)  # noqa: B023
            ahead.append(server.ahead[number] - before)
            if number == 1:
                continue
            # The flood's line, if there were one, would be as long as it gets.
            at = server.bytes
            server.wait("the flood goes on", lambda: server.bytes > at + (1 << 20))  # noqa: B023
    return sorted(ahead[1:])


def test_a_flood_does_not_delay_the_events_of_another_tenant(start):
    bench = start()
    ahead = share_ahead(bench, 41)
    # One line for all, in order of arrival, has pipeline.in_flight_bytes (16 MiB) ahead of each event.
    p99 = ahead[int(len(ahead) * 0.99)]
    print(f"bytes of the flood ahead of a quiet event: median {ahead[len(ahead) // 2]}, p99 {p99}")
    check(p99 < 6 << 20, f"p99 of the bytes ahead is {p99}: {ahead}")


def test_a_tenant_over_its_limit_waits_and_loses_nothing(start):
    bench = start('events_per_second => 2000 limits => { "quiet" => { "events_per_second" => 0 } }')
    count, begin = 8000, time.monotonic()
    with bench.connect() as flood, bench.connect() as quiet:
        flood.sendall(FLOOD_LINE * count)
        for number in range(1, 11):  # each arrives while the flood waits
            quiet.sendall(quiet_line(number))
            bench.server.wait(f"quiet event {number}", lambda: number in bench.server.ahead)  # noqa: B023
        check(bench.server.flood < count, "the flood was not held back")
        bench.server.wait("all of the flood", lambda: bench.server.flood == count)
        took = time.monotonic() - begin
    # 2,000 are the burst, and a worker's turn of 256 KiB may leave a debt behind the last event.
    check(took > (count - 2000 - 1500) / 2000, f"{count} events took {took} s at 2000 a second")
    figures = bench.filter_figures()["tenants"]
    equal(figures["flood"]["events"], count)
    check(figures["flood"]["limited"] > 0 and figures["flood"]["waited_in_millis"] > 1000, str(figures))
    equal(figures["quiet"]["waited_in_millis"], 0)


def test_what_is_over_a_limit_is_dropped_and_counted(start):
    bench = start('events_per_second => 0.002 burst_seconds => 50000 on_limit => "drop"')
    with bench.connect() as flood, bench.connect() as quiet:
        flood.sendall(FLOOD_LINE * 500)
        wait_until(lambda: bench.filter_figures()["events"]["in"] == 500, WAIT, "the filter has seen the flood")
        quiet.sendall(quiet_line(1))
        bench.server.wait("the quiet event", lambda: 1 in bench.server.ahead)
    # Workers that have events of a tenant at the same moment may each let some pass.
    figures = bench.filter_figures()["tenants"]
    passed = figures["flood"]["events"] - figures["flood"]["limited"]
    check(100 <= passed <= 200, f"{passed} of 500 events passed a limit of 100")
    bench.server.wait("what passed", lambda: bench.server.flood == passed)
    equal(figures["quiet"]["limited"], 0)


class Starter:
    """What a test gets: called with options it starts a Bench, and all of them are closed at the end."""

    def __init__(self, binary, folder):
        self._binary, self._folder, self._benches = binary, folder, []

    def __call__(self, options=""):
        self._benches.append(Bench(self._binary, self._folder, options))
        return self._benches[-1]

    def close(self):
        for bench in self._benches:
            bench.close()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    return run_tests(globals(), lambda folder: Starter(binary, folder), only)


if __name__ == "__main__":
    sys.exit(main())
