#!/usr/bin/env python3
"""Runs the engine with codecs behind real inputs: each stream is decoded by itself, one that has gone quiet gives the
last event of multiline after auto_flush_interval, and files go well with every codec that looks for line ends.

    codec_streams.py BINARY      closes with `N passed, N failed`
"""
import json
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

WAIT = 30  # seconds for something that should come at once
CODEC = 'multiline { pattern => "^ " what => "previous" auto_flush_interval => %s }'


class Engine:
    """A running engine; `port` is what it listens on, next() its next event."""

    def __init__(self, binary, folder, inputs):
        config = pathlib.Path(folder) / "test.conf"
        config.write_text("input { %s } output { stdout { codec => json_lines } }" % inputs)
        self.process = subprocess.Popen(
            [binary, "-f", str(config), "--path.data", str(pathlib.Path(folder) / "data"), "--api.enabled", "false",
             "--pipeline.ecs_compatibility", "disabled"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"]})
        self.events = queue.Queue()
        self.log = queue.Queue()
        for stream, into in ((self.process.stdout, self.events), (self.process.stderr, self.log)):
            threading.Thread(target=self.read, args=(stream, into), daemon=True).start()

    @staticmethod
    def read(stream, into):
        for line in stream:
            into.put(line)

    def port(self):
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            found = re.search(r"127\.0\.0\.1:(\d+)", self.log.get(timeout=WAIT))
            if found:
                return int(found.group(1))
        raise TimeoutError("the engine does not listen")

    def next(self, field="message"):
        return json.loads(self.events.get(timeout=WAIT)).get(field)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=WAIT)
        return self

    def left(self):
        time.sleep(0.1)  # the reader threads take what is in the pipes
        found = []
        while not self.events.empty():
            found.append(self.next())
        return found


def tcp_stream_that_goes_quiet(binary, folder):
    engine = Engine(binary, folder, 'tcp { host => "127.0.0.1" port => 0 codec => %s }' % (CODEC % "0.3"))
    with socket.create_connection(("127.0.0.1", engine.port())) as peer:
        peer.sendall(b"one\n more\n")
        assert engine.next() == "one\n more"
        peer.sendall(b"two\n")
        assert engine.next() == "two"
        peer.sendall(b"thr")  # half a line, too, is given after the interval
        assert engine.next() == "thr"
        engine.end()
    assert engine.left() == []


def connections_are_joined_apart(binary, folder):
    engine = Engine(binary, folder, 'tcp { host => "127.0.0.1" port => 0 codec => %s }' % (CODEC % "60"))
    port = engine.port()
    with socket.create_connection(("127.0.0.1", port)) as a, socket.create_connection(("127.0.0.1", port)) as b:
        a.sendall(b"a1\n")
        b.sendall(b"b1\n")
        a.sendall(b" a2\n")
        b.sendall(b" b2\n")
        a.sendall(b"a3\n")
        assert engine.next() == "a1\n a2"
        b.sendall(b"b3\n")
        assert engine.next() == "b1\n b2"
    assert sorted([engine.next(), engine.next()]) == ["a3", "b3"]  # the ends of the connections
    engine.end()


def file_that_goes_quiet(binary, folder):
    files = [pathlib.Path(folder) / name for name in ("a.log", "b.log")]
    for path in files:
        path.write_text(f"{path.stem}1\n {path.stem}2\n")
    engine = Engine(binary, folder, 'file { path => "%s/*.log" start_position => "beginning" sincedb_path => "%s/since" '
                    'stat_interval => 0.05 codec => %s }' % (folder, folder, CODEC % "0.3"))
    assert sorted([engine.next(), engine.next()]) == ["a1\n a2", "b1\n b2"]
    with files[0].open("a") as out:
        out.write("a3\n")
    assert engine.next() == "a3"
    engine.end()
    assert engine.left() == []


def interval_starts_anew_with_each_line(binary, folder):
    engine = Engine(binary, folder, 'tcp { host => "127.0.0.1" port => 0 codec => %s }' % (CODEC % "2"))
    with socket.create_connection(("127.0.0.1", engine.port())) as peer:
        begin = time.monotonic()
        peer.sendall(b"one\n")
        time.sleep(0.5)
        peer.sendall(b" more\n")
        assert engine.next() == "one\n more"
        assert time.monotonic() - begin > 2.3
    engine.end()


def datagrams_end_their_event(binary, folder):
    engine = Engine(binary, folder, 'udp { host => "127.0.0.1" port => 0 codec => %s }' % (CODEC % "60"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.connect(("127.0.0.1", engine.port()))
        peer.send(b"one\n more\ntwo")
        assert [engine.next(), engine.next()] == ["one\n more", "two"]
    engine.end()


def lines_of_a_file(binary, folder):
    head = "CEF:0|v|p|1|100|n|5|"
    for codec, text, field, values in (
            ("edn_lines", "{:n 1}\n{:n 2}\n", "n", [1, 2]),
            ("graphite", "n 1 0\nn 2 0\n", "n", [1.0, 2.0]),
            ("es_bulk", '{"index":{}}\n{"n":1}\n{"create":{}}\n{"n":2}\n', "n", [1, 2]),
            ('cef { delimiter => "\\n" }', f"{head}n=1\n{head}n=2\n", "n", ["1", "2"]),
            ('cef { delimiter => "\\r\\n" }', f"{head}n=1\r\n{head}n=2\r\n", "n", ["1", "2"]),
            ("cef", f"{head}n=1\n{head}n=2\n", "n", ["1", "2"]),
            ("edn", "{:n 1}\n{:n 2}\n", "n", [1, 2])):
        path = pathlib.Path(folder) / "lines.log"
        path.write_text(text)
        engine = Engine(binary, folder, 'file { path => "%s" start_position => "beginning" sincedb_path => "/dev/null" '
                        'codec => %s }' % (path, codec))
        found = [engine.next(field), engine.next(field)]
        engine.end()
        assert found == values, (codec, found)


def objects_over_a_connection(binary, folder):
    for codec, pieces in (("msgpack", (b"\x81\xa1n", b"\x01\x81\xa1n\x02")),
                          ("fluent", (b"\x93\xa1t\x01\x81\xa1", b"n\x01\x92\xa1t\x91\x92\x01\x81\xa1n\x02"))):
        engine = Engine(binary, folder, 'tcp { host => "127.0.0.1" port => 0 codec => %s }' % codec)
        with socket.create_connection(("127.0.0.1", engine.port())) as peer:
            peer.sendall(pieces[0])
            time.sleep(0.1)
            peer.sendall(pieces[1])
            assert [engine.next("n"), engine.next("n")] == [1, 2], codec
        engine.end()


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    passed = failed = 0
    for test in (tcp_stream_that_goes_quiet, connections_are_joined_apart, file_that_goes_quiet,
                 interval_starts_anew_with_each_line, datagrams_end_their_event, lines_of_a_file,
                 objects_over_a_connection):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(binary, folder)
                passed += 1
            except (AssertionError, queue.Empty, TimeoutError, OSError, subprocess.TimeoutExpired) as problem:
                failed += 1
                print(f"FAILED {test.__name__}: {problem!r}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
