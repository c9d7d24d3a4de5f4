#!/usr/bin/env python3
"""Runs the engine with its dead letter queue against a server that refuses some documents: what is kept, what the
dead_letter_queue input and the dlq commands make of it, over restarts and kills.

    dead_letters.py BINARY      closes with `N passed, N failed`
"""
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from checks import free_port, run_tests

WAIT = 30  # seconds for something that should come soon


class Refusing(http.server.ThreadingHTTPServer):
    """Enough of Elasticsearch: takes documents, except those whose `size` is no number while `strict`."""
    daemon_threads = True

    def __init__(self):
        self.documents, self.strict, self.changed = [], True, threading.Condition()
        super().__init__(("127.0.0.1", 0), Answering)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, document):
        if self.strict and not isinstance(document.get("size"), int):
            reason = f"failed to parse field [size] of type [long] in document with id 'q{len(self.documents)}'"
            return {"index": {"_index": "x", "status": 400,
                              "error": {"type": "document_parsing_exception", "reason": reason}}}
        with self.changed:
            self.documents.append(document)
            self.changed.notify_all()
        return {"index": {"_index": "x", "status": 201}}

    def handle_error(self, *_):
        pass  # engines that are killed hang up

    def wait(self, count):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.documents) >= count, WAIT):
                raise AssertionError(f"{len(self.documents)} documents instead of {count}")


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self):
        self.answer({"cluster_name": "t", "cluster_uuid": "u", "version": {"number": "8.11.4", "build_flavor": "default"},
                     "tagline": "You Know, for Search", "license": {"status": "active", "type": "basic"}})

    do_HEAD = do_PUT = do_GET

    def do_POST(self):
        lines = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
        items = [self.server.take(json.loads(line)) for line in lines[1::2]]
        self.answer({"took": 1, "errors": any("error" in i["index"] for i in items), "items": items})

    def log_message(self, *_):
        pass


class Engine:
    """A running engine."""

    def __init__(self, binary, folder, config, *flags):
        self.log = folder / "engine.log"
        self.process = subprocess.Popen(
            [binary, "-e", config, "--path.data", str(folder / "data"), "--pipeline.workers", "2", *flags],
            stdout=open(folder / "out.txt", "ab"), stderr=open(self.log, "ab"), env={"PATH": os.environ["PATH"]})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(WAIT)


def wait_until(condition, what):
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


class Bench:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.server = Refusing()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def output(self):
        return ('output { elasticsearch { id => "es" hosts => "%s" index => "x" manage_template => false '
                'ilm_enabled => false compression_level => 0 } }' % self.server.url)

    def engine(self, source, *flags, filters="", output=None):
        config = "input { %s } filter { %s } %s" % (source, filters, output or self.output())
        return Engine(self.binary, self.folder, config, "--dead_letter_queue.flush_interval", "1000", *flags)

    def dlq(self, *words, status=0):
        return self.run_dlq(words, status).stdout

    def run_dlq(self, words, status, **environment):
        done = subprocess.run([self.binary, "dlq", *words, "--path.data", str(self.folder / "data")],
                              capture_output=True, text=True, timeout=120, env={**os.environ, **environment})
        assert done.returncode == status, f"dlq {words}: {done.returncode} {done.stdout} {done.stderr}"
        return done

    def letters(self):
        return [json.loads(line) for line in self.dlq("list", "--format", "json", "--limit", "100000").splitlines()]

    def fill(self, count=20, flags=()):
        """Runs a pipeline to its end; every second of `count` documents is refused."""
        source = ('generator { lines => %s count => %d codec => json ecs_compatibility => "v8" }'
                  % ("['{\"size\":1}', '{\"size\":\"big\"}']", count // 2))
        with self.engine(source, "--api.enabled", "false", "--dead_letter_queue.enable", "true", *flags) as engine:
            assert engine.process.wait(WAIT) == 0, engine.log.read_text()

    def queue(self, *more):
        return "dead_letter_queue { path => '%s' %s }" % (self.folder / "data/dead_letter_queue", " ".join(more))


def test_refused_documents_are_kept_and_shown(bench):
    bench.fill()
    letters = bench.letters()
    assert len(letters) == 10 and len(bench.server.documents) == 10, (len(letters), len(bench.server.documents))
    one = letters[0]
    assert one["plugin_type"] == "elasticsearch" and one["plugin_id"] == "es", one
    assert one["config"].startswith("config string:1:"), one
    assert one["reason"].startswith('Could not index event to Elasticsearch. status: 400, action: ["index", {'), one
    assert "failed to parse field [size]" in one["reason"], one
    assert one["event"]["size"] == "big" and one["event"]["event"]["original"] == '{"size":"big"}', one
    top = bench.dlq("top")
    assert re.search(r"main: 10 dead letters, 1 reasons\n +10  es config string", top), top
    shown = bench.dlq("show", one["id"])
    assert 'original  {"size":"big"}' in shown and "failed to parse field" in shown, shown
    assert "10 dead letters" in bench.dlq("list", "--reason", "[size]"), "reason filter"
    assert "main: 0 dead letters" in bench.dlq("list", "--reason", "nothing like that")
    bench.dlq("show", "99.1", status=1)
    bench.dlq("sort", status=1)


def test_without_a_queue_they_are_dropped_and_said(bench):
    with bench.engine("generator { lines => ['{\"size\":\"big\"}'] count => 3 codec => json }", "--api.enabled",
                      "false") as engine:
        assert engine.process.wait(WAIT) == 0
    assert "no dead letter queue is enabled" in engine.log.read_text()
    assert not (bench.folder / "data/dead_letter_queue").exists()


def test_figures_in_the_api(bench):
    port = free_port()
    source = "generator { lines => ['{\"size\":\"big\"}'] count => 500 codec => json } heartbeat { interval => 60 }"
    with bench.engine(source, "--dead_letter_queue.enable", "true", "--dead_letter_queue.max_bytes", "20kb",
                      "--api.http.port", str(port)):
        def stats():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_node/stats/pipelines", timeout=5) as answer:
                    one = json.load(answer)["pipelines"]["main"]
            except (OSError, KeyError):
                return None  # it is starting
            documents = one["plugins"]["outputs"][0].get("documents", {})
            return one if documents.get("non_retryable_failures", 0) >= 500 else None
        found = wait_until(stats, "500 refused documents")
    dlq, documents = found["dead_letter_queue"], found["plugins"]["outputs"][0]["documents"]
    assert dlq["storage_policy"] == "drop_newer" and dlq["max_queue_size_in_bytes"] == 20480, dlq
    assert 0 < dlq["queue_size_in_bytes"] <= 20480 and dlq["expired_events"] == 0, dlq
    assert "reached maxQueueSize of 20480" in dlq["last_error"], dlq
    assert documents["dlq_routed"] + dlq["dropped_events"] >= 500 and documents["dlq_routed"] > 5, (dlq, documents)
    assert len(bench.letters()) == documents["dlq_routed"], documents


def test_drop_older_keeps_the_newest(bench):
    source = "generator { lines => ['{\"size\":\"big\"}'] count => 500 codec => json }"
    with bench.engine(source, "--dead_letter_queue.enable", "true", "--dead_letter_queue.max_bytes", "20kb",
                      "--dead_letter_queue.storage_policy", "drop_older", "--api.enabled", "false") as engine:
        assert engine.process.wait(WAIT) == 0
    numbers = [letter["event"]["event"]["sequence"] for letter in bench.letters()]
    assert 5 < len(numbers) < 500 and 499 in numbers and 0 not in numbers, numbers
    size = sum(f.stat().st_size for f in (bench.folder / "data/dead_letter_queue/main").iterdir())
    assert size <= 20480, size


def test_letters_that_are_too_old_go(bench):
    bench.fill()
    time.sleep(1.1)  # the age itself
    with bench.engine("heartbeat { interval => 60 message => '{\"size\":1}' codec => json }", "--api.enabled", "false",
                      "--dead_letter_queue.enable", "true", "--dead_letter_queue.retain.age", "1s",
                      "--dead_letter_queue.flush_check_interval", "50"):
        wait_until(lambda: not bench.letters(), "old letters to go")


def test_a_failed_condition_is_kept(bench):
    with bench.engine("generator { lines => ['{\"size\":\"big\"}', '{\"size\":7}'] count => 1 codec => json }",
                      "--dead_letter_queue.enable", "true", "--api.enabled", "false",
                      filters="if [size] > 5 { mutate { add_tag => ['large'] } }") as engine:
        assert engine.process.wait(WAIT) == 0
    letters = bench.letters()
    assert len(letters) == 1 and letters[0]["plugin_type"] == "if-statement", letters
    assert len(bench.server.documents) == 1 and "went to the dead letter queue" in engine.log.read_text()


def test_a_filter_refuses(bench):
    with bench.engine("generator { lines => ['{\"tenant\":\"evil\"}'] count => 1 codec => json }",
                      "--dead_letter_queue.enable", "true", "--api.enabled", "false",
                      filters="tenant { id => 'who' source => 'tenant' allow => ['good'] on_refused => dead_letter }"
                      ) as engine:
        assert engine.process.wait(WAIT) == 0
    letters = bench.letters()
    assert len(letters) == 1 and letters[0]["plugin_id"] == "who", letters
    assert letters[0]["event"]["tenant"] == "evil" and not bench.server.documents


def test_the_input_goes_on_after_a_restart(bench):
    bench.fill()
    bench.server.documents.clear()
    bench.server.strict = False
    for expected in (10, 20):
        with bench.engine(bench.queue(), "--api.enabled", "false",
                          filters="mutate { copy => { '[@metadata][dead_letter_queue]' => 'why' } }"):
            bench.server.wait(expected)
        assert len(bench.server.documents) == expected, len(bench.server.documents)
        bench.server.strict = True
        found = len(bench.server.documents)
        bench.fill()
        del bench.server.documents[found:]
        bench.server.strict = False
    why = bench.server.documents[0]["why"]
    assert set(why) == {"plugin_type", "plugin_id", "reason", "entry_time"} and why["plugin_id"] == "es", why
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", why["entry_time"]), why


def test_the_input_follows_a_queue_that_is_written(bench):
    port = free_port()
    source = "tcp { port => %d codec => json_lines }" % port
    with bench.engine(source, "--dead_letter_queue.enable", "true", "--api.enabled", "false"):
        folder = pathlib.Path(tempfile.mkdtemp(dir=bench.folder))
        other = Refusing()
        config = ("input { %s } output { elasticsearch { hosts => '%s' index => 'y' manage_template => false "
                  "ilm_enabled => false compression_level => 0 } }" % (bench.queue("clean_consumed => true"), other.url))
        other.strict = False
        wait_until(lambda: (bench.folder / "data/dead_letter_queue").exists(), "the folder of the queue")
        with Engine(bench.binary, folder, config, "--api.enabled", "false"):
            for n in range(3):
                with wait_until(lambda: connected(port), "the port") as s:
                    s.sendall(b'{"size":"big","n":%d}\n' % n)
                other.wait(n + 1)
            segments = bench.folder / "data/dead_letter_queue/main"
            wait_until(lambda: not list(segments.glob("segment.*")), "consumed segments to be removed")
        assert [d["n"] for d in other.documents] == [0, 1, 2], other.documents
        other.shutdown()
        other.server_close()


def connected(port):
    try:
        return socket.create_connection(("127.0.0.1", port), timeout=5)
    except OSError:
        return None


def test_without_commit_offsets_it_begins_anew(bench):
    bench.fill()
    bench.server.documents.clear()
    bench.server.strict = False
    for expected in (10, 20):
        with bench.engine(bench.queue("commit_offsets => false"), "--api.enabled", "false"):
            bench.server.wait(expected)


def test_start_timestamp(bench):
    bench.fill()
    time.sleep(0.01)
    between = time.time()
    bench.fill(6)
    bench.server.documents.clear()
    bench.server.strict = False
    begin = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(between)) + f"{between % 1:.6f}"[1:] + "Z"
    with bench.engine(bench.queue("start_timestamp => '%s'" % begin), "--api.enabled", "false"):
        bench.server.wait(3)
    assert len(bench.server.documents) == 3, len(bench.server.documents)


def test_replay(bench):
    bench.fill()
    bench.server.documents.clear()
    config = bench.folder / "new.conf"
    config.write_text("input { beats { port => 5044 } } filter { if [event][sequence] == 3 { grok { match => "
                      "{ message => 'never' } } } if [event][sequence] == 4 { drop { } } "
                      "mutate { replace => { size => '7' } convert => { size => integer } } } " + bench.output())
    said = bench.dlq("replay", "--config", str(config), "--dry-run")
    assert said.startswith("10 dead letters: 8 would pass, 1 would pass with a new failure tag, 0 would be refused, "
                           "1 would be dropped"), said
    assert "1  tagged: _grokparsefailure" in said and not bench.server.documents, said
    assert len(bench.letters()) == 10
    # The same config as before: all but the dropped one are refused again, and stay.
    config.write_text("filter { if [event][sequence] == 4 { drop { } } } " + bench.output())
    said = bench.dlq("replay", "--config", str(config), status=1)
    assert said.startswith("10 dead letters replayed: 1 delivered and removed, 9 stay"), said
    assert "failed to parse field [size]" in said and len(bench.letters()) == 9, said
    config.write_text("filter { mutate { replace => { size => '7' } convert => { size => integer } } } " + bench.output())
    said = bench.dlq("replay", "--config", str(config))
    assert said.startswith("9 dead letters replayed: 9 delivered and removed, 0 stay"), said
    assert len(bench.server.documents) == 9 and not bench.letters(), bench.server.documents
    bench.dlq("replay", status=1)


BROKEN_DISK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>
ssize_t pread64(int fd, void* to, size_t size, off64_t offset) {
  static ssize_t (*real)(int, void*, size_t, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "pread64");
  if (offset < 1000) return real(fd, to, size, offset);
  errno = EIO;
  return -1;
}
ssize_t pread(int fd, void* to, size_t size, off_t offset) { return pread64(fd, to, size, offset); }
"""


def test_replay_says_what_it_cannot_read(bench):
    bench.fill()
    bench.server.documents.clear()
    config = bench.folder / "new.conf"
    config.write_text("filter { mutate { replace => { size => '7' } convert => { size => integer } } } " + bench.output())
    disk = bench.folder / "broken_disk.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", disk], input=BROKEN_DISK, text=True, check=True)
    broken = {"LD_PRELOAD": str(disk), "ASAN_OPTIONS": "verify_asan_link_order=0"}
    for words in (["--dry-run"], []):
        done = bench.run_dlq(["replay", "--config", str(config), *words], 1, **broken)
        assert "segment.0000000000000001 cannot be read: Input/output error" in done.stderr, done.stderr
        assert not done.stdout.startswith("10 dead letters"), done.stdout
    assert len(bench.letters()) == 10
    segment = next((bench.folder / "data" / "dead_letter_queue" / "main").glob("segment.*"))
    (segment.parent / "segment.0000000000000099").mkdir()
    done = bench.run_dlq(["replay", "--config", str(config)], 1)
    assert done.stdout.startswith("10 dead letters replayed: 10 delivered"), done.stdout
    assert "segment.0000000000000099 cannot be read: Is a directory" in done.stderr, done.stderr


def test_purge(bench):
    bench.fill()
    bench.dlq("purge", status=1)
    assert "0 dead letters removed, 10 left" in bench.dlq("purge", "--older-than", "1h")
    assert "0 dead letters removed, 10 left" in bench.dlq("purge", "--reason", "nothing like that")
    assert "10 dead letters removed, 0 left" in bench.dlq("purge", "--all")
    assert not bench.letters()
    bench.fill(4)
    assert len(bench.letters()) == 2


def test_killed_at_any_moment(bench):
    """What the server has seen refused and the file input counts as read is in the queue after a kill."""
    lines = bench.folder / "lines.json"
    lines.write_text("".join('{"size":"big","n":%d}\n' % n for n in range(4000)))
    source = ("file { path => '%s' start_position => beginning codec => json sincedb_path => '%s' "
              "sincedb_write_interval => '0.05' }" % (lines, bench.folder / "sincedb"))
    flags = ("--dead_letter_queue.enable", "true", "--api.enabled", "false")
    for round_ in range(8):
        with bench.engine(source, *flags) as engine:
            time.sleep(0.05 + 0.06 * round_)  # the moment of the kill
            engine.stop(signal.SIGKILL)
    with bench.engine(source, *flags):
        wait_until(lambda: len({letter["event"]["n"] for letter in bench.letters()}) == 4000, "every refused line")
    assert not bench.dlq("list", "--limit", "1").startswith("error")


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    return run_tests(globals(), lambda folder: Bench(binary, folder), only)


if __name__ == "__main__":
    sys.exit(main())
