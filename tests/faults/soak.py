#!/usr/bin/env python3
"""A long stream through the queue on disk to a server that answers badly now and then: every event becomes one document,
and the engine's memory stays as it is.

    soak.py BINARY [--events 50000000] [--trouble 0.02] [--seed 1]        closes with `1 passed, 0 failed, 0 skipped`

`--trouble` is the share of requests that are answered with 429 or 503, refused for a part of their documents, or cut off
(half of these were carried out). Prints a line now and then: events, events a second, the engine's memory, the queue.
"""
import argparse
import array
import http.server
import json
import pathlib
import random
import re
import sys
import tempfile
import threading
import time
import zlib

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

from checks import Failed  # noqa: E402
from engine import Engine  # noqa: E402

DOCUMENT = re.compile(rb'"_id":"([^"]+)".*\n.*"sequence":(\d+)')
LINES = 40             # printed in a whole run, and looks at the memory
ALLOWED_GROWTH = 1.10  # of the memory between the first half of a run and the second
ALLOWED_BYTES = 24 << 20  # and the malloc arenas of a thread that had nothing to do before


class Documents:
    """What the server holds, by the number of the event: a document, and the checksum of its id."""

    def __init__(self, events):
        self._seen = bytearray(events)
        self._ids = array.array("I", bytes(4 * events))
        self._lock = threading.Lock()
        self.count = self.again = self.other_ids = 0

    def take(self, documents):
        with self._lock:
            for id_, number in documents:
                number, sum_ = int(number), zlib.crc32(id_)
                if self._seen[number]:
                    self.again += 1
                    self.other_ids += self._ids[number] != sum_
                else:
                    self._seen[number], self._ids[number] = 1, sum_
                    self.count += 1

    def missing(self):
        return self._seen.count(0)


class BadServer:
    """Answers _bulk, and a share of the requests badly."""

    def __init__(self, documents, trouble, seed):
        dice, lock = random.Random(seed), threading.Lock()
        self.bad = {}

        def kind_of_answer():
            with lock:
                kind = "good" if dice.random() >= trouble else dice.choice(("429", "503", "part", "cut", "cut after"))
                self.bad[kind] = self.bad.get(kind, 0) + 1
                return kind, dice.random()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet

            def log_message(self, *_):
                pass

            def answer(self, body, status=200):
                data = json.dumps(body, separators=(",", ":")).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("X-Elastic-Product", "Elasticsearch")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_HEAD(self):
                self.answer({})

            def do_GET(self):
                self.answer({"name": "n", "cluster_name": "c", "cluster_uuid": "u", "tagline": "You Know, for Search",
                             "version": {"number": "8.15.0", "build_flavor": "default"}})

            def do_POST(self):
                found = DOCUMENT.findall(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                kind, share = kind_of_answer()
                if kind in ("429", "503"):
                    return self.answer({"error": "not now"}, int(kind))
                taken = found[:int(len(found) * share)] if kind == "part" else found
                if kind != "cut":
                    documents.take(taken)
                if kind.startswith("cut"):
                    self.close_connection = True  # without an answer
                    return None
                refused = len(found) - len(taken)
                items = [{"index": {"status": 201}}] * len(taken) + [
                    {"index": {"status": 429, "error": {"type": "es_rejected_execution_exception"}}}] * refused
                return self.answer({"took": 1, "errors": refused > 0, "items": items})

            do_PUT = do_POST

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def resident(process):
    """Bytes of memory of a process; none once it has ended."""
    try:
        fields = pathlib.Path(f"/proc/{process}/statm").read_text().split()
    except OSError:
        return 0
    return int(fields[1]) * 4096


def watch(engine, documents, events, say):
    """Until the engine ends by itself: the memory at steps of the way."""
    memory, step = [], max(1, events // LINES)
    last_count, last_time, due = 0, time.monotonic(), step
    while engine.child.poll() is None:
        if documents.count < due or documents.count >= events:
            if time.monotonic() - last_time > 300 and documents.count == last_count:
                raise Failed(f"nothing arrives for five minutes at {documents.count} events: {engine.last_lines()}")
            time.sleep(0.01)
            continue
        bytes_ = resident(engine.child.pid)
        if not bytes_:
            break
        memory.append(bytes_)
        now, count = time.monotonic(), documents.count
        say(f"{count:>12,} events  {(count - last_count) / (now - last_time):>10,.0f} a second  "
            f"{bytes_ / (1 << 20):>7.1f} MiB  {documents.again:,} came again")
        last_count, last_time, due = count, now, (count // step + 1) * step
    if engine.child.returncode != 0:
        raise Failed(f"the engine ended with status {engine.child.returncode}: {engine.last_lines()}")
    return memory


def soak(binary, folder, events, trouble, seed, say):
    documents = Documents(events)
    server = BadServer(documents, trouble, seed)
    config = (f'input {{ generator {{ count => {events} message => "a line of a log that is long enough to be one" }} }} '
              f'output {{ elasticsearch {{ hosts => "http://127.0.0.1:{server.port}" index => "logs" document_id => auto '
              'manage_template => false ilm_enabled => false compression_level => 0 retry_initial_interval => 1 } }')
    engine = Engine(binary, folder, config, ["--queue.drain", "--queue.max_bytes", "256mb"])
    try:
        memory = watch(engine, documents, events, say)
    finally:
        engine.end()
        server.close()
    say(f"answers: {', '.join(f'{count} {kind}' for kind, count in sorted(server.bad.items()))}; "
        f"{documents.again:,} documents came again")
    if documents.missing() or documents.other_ids:
        raise Failed(f"of {events} events {documents.missing()} are missing, {documents.other_ids} came again as another "
                     f"document")
    third = len(memory) // 3
    before, after = max(memory[third:2 * third]), max(memory[2 * third:])
    say(f"memory: {before >> 20} MiB at most in the second third, {after >> 20} MiB in the last")
    if after > before * ALLOWED_GROWTH + ALLOWED_BYTES:
        raise Failed(f"the memory grows: {[b >> 20 for b in memory]} MiB")


def short(bench):
    """As a test of run.py."""
    soak(bench.binary, bench.folder, 200_000, 0.1, bench.seed, lambda line: None)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--events", type=int, default=50_000_000)
    parser.add_argument("--trouble", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak.") as folder:
        try:
            soak(pathlib.Path(arguments.binary).resolve(), pathlib.Path(folder), arguments.events, arguments.trouble,
                 arguments.seed, lambda line: print(line, flush=True))
        except Failed as failure:
            print(f"FAILED: {failure}")
            print("0 passed, 1 failed, 0 skipped")
            return 1
    print("1 passed, 0 failed, 0 skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
