#!/usr/bin/env python3
"""Prints the engine's figures on this machine.

    bench.py BINARY [CASE ...] [--events N] [--seconds S]

Cases: start, tcp_bulk, tcp_null, beats_bulk, steady, beats_connections, idle_connections; all by default.
CPU figures are user plus system time of the engine's process per event. What goes out is counted before a figure
is printed: a run that loses an event is an error, not a figure.
"""
import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zlib

from lines import json_lines

HERE = pathlib.Path(__file__).resolve().parent
MAIN_CONF = HERE.parent.parent / "pipelines" / "main.conf"
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, seconds=60, step=0.02):
    end = time.time() + seconds
    while time.time() < end:
        if what():
            return
        time.sleep(step)
    raise SystemExit(f"waited {seconds} s in vain")


def connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Engine:
    """The binary with a config, in a folder of its own; stopped and removed at the end of the `with`."""

    def __init__(self, binary, config, env=None, text=None):
        self.ports = {name: free_port() for name in ("beats", "tcp", "udp", "api", "index")}
        self.data = tempfile.mkdtemp(prefix="bench-")
        variables = {"BEATS_PORT": "beats", "TCP_PORT": "tcp", "UDP_PORT": "udp"}
        environment = {**os.environ, **{k: str(self.ports[v]) for k, v in variables.items()}, **(env or {})}
        source = ["-e", text] if text else ["-f", str(config)]
        self.started = time.time()
        self.log = open(os.path.join(self.data, "log"), "w")
        self.process = subprocess.Popen(
            [binary, *source, "--path.data", self.data, "--log.level", "warn", "--api.http.port", str(self.ports["api"]),
             "--index.http.port", str(self.ports["index"])], env=environment, stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        if self.process.wait(40) != 0:
            raise SystemExit(f"the engine ended with {self.process.returncode}: {open(self.log.name).read()[-2000:]}")
        shutil.rmtree(self.data, ignore_errors=True)

    def wait_listening(self, *names):
        for name in names:
            wait_until(lambda n=name: connects(self.ports[n]), step=0.0005)

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self, field):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(field + r":\s+(\d+)", text).group(1)) / 1024

    def stats(self):
        return json.load(urllib.request.urlopen(f"http://127.0.0.1:{self.ports['api']}/_node/stats"))["pipelines"]["main"]

    def settled(self, events):
        stats = self.stats()
        return stats["events"]["out"] >= events and stats["batches_in_flight"] == 0


class Sink:
    def __init__(self):
        self.port = free_port()
        self.process = subprocess.Popen([sys.executable, str(HERE / "sink.py"), str(self.port)])
        wait_until(lambda: connects(self.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def documents(self):
        return json.load(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_seen")).get("", 0)


def send(port, data, rounds=1):
    with socket.create_connection(("127.0.0.1", port)) as s:
        for _ in range(rounds):
            s.sendall(data)


def figure(name, value, unit, goal=None):
    print(f"{name:<46} {value:>10} {unit:<14} {'goal ' + goal if goal else ''}", flush=True)


def start(args):
    times, rss = [], 0
    for _ in range(7):
        with Engine(args.binary, MAIN_CONF) as e:
            e.wait_listening("beats", "tcp", "api", "index")
            times.append((time.time() - e.started) * 1000)
            time.sleep(0.3)
            rss = e.memory("VmRSS")
    figure("start to all ports listening, median of 7", f"{sorted(times)[3]:.0f}", "ms", "< 50")
    figure("resident memory, idle", f"{rss:.1f}", "MiB", "< 40")


def bulk_environment(sink):
    return {"ELASTICSEARCH_HOSTS": f"http://127.0.0.1:{sink.port}"}


def uncompressed_main():
    """main.conf with plain request bodies, as the figure's definition says."""
    return MAIN_CONF.read_text().replace("    user =>", "    compression_level => 0\n    user =>")


def tcp_bulk(args):
    data = json_lines(args.events)
    with Sink() as sink, Engine(args.binary, None, bulk_environment(sink), uncompressed_main()) as e:
        e.wait_listening("tcp", "api")
        time.sleep(0.3)
        cpu, began = e.cpu_seconds(), time.time()
        send(e.ports["tcp"], data)
        wait_until(lambda: e.settled(args.events))
        wall, cpu = time.time() - began, e.cpu_seconds() - cpu
        if sink.documents() != args.events:
            raise SystemExit(f"{sink.documents()} documents arrived, {args.events} were sent")
        figure("TCP JSON -> main.conf -> bulk, CPU per event", f"{cpu / args.events * 1e6:.2f}", "us", "<= 2.5")
        figure("  events per second (engine, load and sink)", f"{args.events / wall:,.0f}", "/s")
        figure("  resident memory, highest", f"{e.memory('VmHWM'):.0f}", "MiB", "< 200")


def tcp_null(args):
    data = json_lines(args.events)
    config = 'input { tcp { port => "${TCP_PORT}" codec => json_lines } } output { null { } }'
    with Engine(args.binary, None, text=config) as e:
        e.wait_listening("tcp", "api")
        time.sleep(0.3)
        cpu = e.cpu_seconds()
        send(e.ports["tcp"], data)
        wait_until(lambda: e.settled(args.events))
        figure("TCP JSON -> null, CPU per event", f"{(e.cpu_seconds() - cpu) / args.events * 1e6:.2f}", "us")


def lumberjack_windows(lines, size=2048):
    """Compressed Lumberjack v2 windows."""
    for first in range(0, len(lines), size):
        part = lines[first:first + size]
        frames = b"".join(b"2J" + struct.pack(">II", i + 1, len(line)) + line for i, line in enumerate(part))
        packed = zlib.compress(frames, 3)
        yield len(part), b"2W" + struct.pack(">I", len(part)) + b"2C" + struct.pack(">I", len(packed)) + packed


def read_ack(s, want):
    """Reads acknowledgements up to `want`; sequence 0 means that the server still works on it."""
    while True:
        frame = b""
        while len(frame) < 6:
            more = s.recv(6 - len(frame))
            if not more:
                raise SystemExit("the beats connection was closed")
            frame += more
        if struct.unpack(">I", frame[2:])[0] == want:
            return


def beats_bulk(args):
    windows = list(lumberjack_windows(json_lines(args.events).splitlines()))
    with Sink() as sink, Engine(args.binary, None, bulk_environment(sink), uncompressed_main()) as e:
        e.wait_listening("beats", "api")
        time.sleep(0.3)
        cpu, waits = e.cpu_seconds(), []
        with socket.create_connection(("127.0.0.1", e.ports["beats"])) as s:
            for count, window in windows:
                began = time.time()
                s.sendall(window)
                read_ack(s, count)
                waits.append(time.time() - began)
        if sink.documents() != args.events:
            raise SystemExit(f"{sink.documents()} documents arrived, {args.events} were acknowledged")
        figure("beats, compressed -> main.conf -> bulk, CPU per event", f"{(e.cpu_seconds() - cpu) / args.events * 1e6:.2f}", "us")
        waits.sort()
        figure("  acknowledgement of 2,048 events, median", f"{waits[len(waits) // 2] * 1000:.1f}", "ms")
        figure("  acknowledgement, 99th percentile", f"{waits[len(waits) * 99 // 100] * 1000:.1f}", "ms")


def steady(args):
    """Full load for a bounded time: memory has to stay flat."""
    data = json_lines(100_000)
    with Sink() as sink, Engine(args.binary, None, bulk_environment(sink), uncompressed_main()) as e:
        e.wait_listening("tcp", "api")
        stop = time.time() + args.seconds

        def load():
            while time.time() < stop:
                send(e.ports["tcp"], data)

        threads = [threading.Thread(target=load) for _ in range(2)]
        for t in threads:
            t.start()
        samples = []
        while time.time() < stop:
            time.sleep(min(1, args.seconds / 10))
            samples.append(e.memory("VmRSS"))
        for t in threads:
            t.join()
        half = len(samples) // 2
        figure(f"memory over {args.seconds} s of full load, first half", f"{max(samples[:half]):.0f}", "MiB highest")
        figure(f"memory over {args.seconds} s of full load, second half", f"{max(samples[half:]):.0f}", "MiB highest", "< 200, flat")
        figure("  events in that time", f"{e.stats()['events']['out']:,}", "")


def beats_connections(args):
    lines = json_lines(10_000).splitlines()
    with Engine(args.binary, MAIN_CONF, {"ELASTICSEARCH_HOSTS": "embedded"}) as e:
        e.wait_listening("beats", "index")
        sockets = [socket.create_connection(("127.0.0.1", e.ports["beats"])) for _ in range(1000)]
        windows = [next(lumberjack_windows(lines[i * 10:i * 10 + 10])) for i in range(1000)]
        began = time.time()
        for s, (_, window) in zip(sockets, windows):
            s.sendall(window)
        for s, (count, _) in zip(sockets, windows):
            s.settimeout(60)
            read_ack(s, count)
        wall = time.time() - began
        for s in sockets:
            s.close()
        url = f"http://127.0.0.1:{e.ports['index']}/logs-*/_count"
        found = json.load(urllib.request.urlopen(url))["count"]
        if found != 10_000:
            raise SystemExit(f"{found} of 10,000 events are in the index")
        figure("1,000 beats connections at once, failures", "0", "", "0")
        figure("  10,000 events on them acknowledged after", f"{wall:.2f}", "s")


def idle_connections(args):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 10_500:
        print(f"idle_connections: skipped, the open file limit is {hard}")
        return
    with Engine(args.binary, MAIN_CONF, {"ELASTICSEARCH_HOSTS": "embedded"}) as e:
        e.wait_listening("tcp", "index")
        before = e.memory("VmRSS")
        sockets = [socket.create_connection(("127.0.0.1", e.ports["tcp"])) for _ in range(10_000)]
        sockets[-1].sendall(b'{"message":"still here","tenant_id":"idle"}\n')
        url = f"http://127.0.0.1:{e.ports['index']}/logs-idle-*/_count"

        def found():
            try:
                return json.load(urllib.request.urlopen(url))["count"] == 1
            except OSError:
                return False

        wait_until(found)
        figure("10,000 idle TCP connections, failures", "0", "", "0")
        figure("  memory per connection", f"{(e.memory('VmRSS') - before) * 1024 / 10_000:.1f}", "KiB")
        for s in sockets:
            s.close()


CASES = [start, tcp_null, tcp_bulk, beats_bulk, steady, beats_connections, idle_connections]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("binary")
    ap.add_argument("cases", nargs="*")
    ap.add_argument("--events", type=int, default=500_000)
    ap.add_argument("--seconds", type=int, default=60)
    args = ap.parse_args()
    args.binary = os.path.abspath(args.binary)
    known = {case.__name__: case for case in CASES}
    unknown = [name for name in args.cases if name not in known]
    if unknown:
        raise SystemExit(f"no case {unknown[0]}; there are {', '.join(known)}")
    for name in args.cases or known:
        known[name](args)


if __name__ == "__main__":
    main()
