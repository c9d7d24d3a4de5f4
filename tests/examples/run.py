#!/usr/bin/env python3
"""Runs the examples: their filters on their input, and as a whole where that needs no other machine.

    run.py BINARY [EXAMPLE ...]       UPDATE_EXPECTED=1 writes the expected files anew; read them

An example is checked with `pipeline --test` as it stands. To run its filters alone, its inputs give way to standard
input and its outputs to standard output. Closes with `N passed, N failed`.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples"
UPDATE = os.environ.get("UPDATE_EXPECTED") == "1"
# Nothing of the caller's surroundings may change what the examples do.
ENVIRONMENT = {"PATH": os.environ["PATH"], "TZ": "UTC", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
ENVIRONMENT |= {k: v for k, v in os.environ.items() if k.startswith(("ASAN_", "UBSAN_"))}


class Failed(Exception):
    pass


def sections(text):
    """The top-level sections of a config: [(name, text with braces)]. Knows strings, comments and regexes."""
    token = re.compile(r'#[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[=!]~\s*/(?:\\.|[^/\\])*/|[{}]|\w+|\s+|.', re.S)
    found, depth, name, begin = [], 0, "", 0
    for match in token.finditer(text):
        word = match.group()
        if word == "{":
            if depth == 0:
                begin = match.start()
            depth += 1
        elif word == "}":
            depth -= 1
            if depth == 0:
                found.append((name, text[begin:match.end()]))
        elif depth == 0 and re.fullmatch(r"\w+", word):
            name = word
    return found


def filters(config, codec='json_lines', options='type => "backend"'):
    """The filters of a config between standard input and output; @metadata comes out as __metadata."""
    own = "".join(f"filter {body}\n" for name, body in sections(config.read_text()) if name == "filter")
    return (f'input {{ stdin {{ codec => {codec} {options} }} }}\n{own}'
            'filter { mutate { copy => { "[@metadata]" => "[__metadata]" } } }\noutput { stdout { codec => json_lines } }\n')


def check(binary, config, **environment):
    done = subprocess.run([binary, "--test", "-f", str(config)], capture_output=True, text=True, timeout=60, cwd=ROOT,
                          env={**ENVIRONMENT, **environment})
    if done.returncode:
        raise Failed(f"--test of {config.relative_to(ROOT)}: {done.stdout}{done.stderr}")
    if "warning[" in done.stdout:
        raise Failed(f"--test of {config.relative_to(ROOT)} warns: {done.stdout}")


def run(binary, text, data, **environment):
    """The events that a config makes of the bytes on its standard input."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([binary, "-e", text, "-w", "1", "--path.data", folder, "--api.enabled", "false",
                               "--log.level", "error", "--node.name", "example"],
                              input=data, capture_output=True, timeout=60, env={**ENVIRONMENT, **environment})
    if done.returncode:
        raise Failed(f"exit status {done.returncode}: {done.stderr.decode(errors='replace')}")
    return [plain(json.loads(line)) for line in done.stdout.decode().splitlines()]


def plain(event):
    """An event without what is different in every run: the time of processing, and times of arrival."""
    if "processed_at" in event:
        event["processed_at"] = "NOW" if re.match(r"\d{4}-\d\d-\d\dT", event["processed_at"]) else event["processed_at"]
    if event.get("@timestamp", "").startswith(time.strftime("%Y-%m-", time.gmtime())):
        event["@timestamp"] = "NOW"
    return event


def compare(path, events):
    """The events against the expected file; UPDATE_EXPECTED=1 writes it."""
    got = "".join(json.dumps(event, ensure_ascii=False, sort_keys=True) + "\n" for event in events)
    if UPDATE:
        path.write_text(got)
        return
    wanted = [json.loads(line) for line in path.read_text().splitlines()]
    if len(wanted) != len(events):
        raise Failed(f"{len(events)} events, {len(wanted)} expected:\n{got}")
    for number, (event, want) in enumerate(zip(events, wanted), 1):
        if event != want:
            raise Failed(f"event {number} of {path.name}\n  got      {json.dumps(event, sort_keys=True)}\n  expected {json.dumps(want, sort_keys=True)}")


def free_ports(count):
    """Ports that were free a moment ago, of TCP and UDP."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [str(one.getsockname()[1]) for one in sockets]


@contextlib.contextmanager
def engine(binary, config, ports, words=(), **environment):
    """A running engine that listens on `ports`; ends it with SIGTERM."""
    with tempfile.TemporaryDirectory() as folder:
        log = open(pathlib.Path(folder) / "log", "w+b")
        process = subprocess.Popen([binary, "-f", str(config), "--path.data", folder + "/data", "--api.enabled", "false",
                                    "--node.name", "example", *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=log,
                                   env={**ENVIRONMENT, **environment})
        try:
            for port in ports:
                wait_for_port(process, port, log)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise Failed("it did not end within 30 s of SIGTERM") from None
            process.stdout.close()
            log.close()


def wait_for_port(process, port, log):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if process.poll() is not None:
            log.seek(0)
            raise Failed(f"it ended with {process.returncode}: {log.read().decode(errors='replace')[-1500:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int(port)), 1):
            return
        time.sleep(0.02)
    raise Failed(f"nothing listens on port {port}")


def ask(url, body=None):
    request = urllib.request.Request(url, data=json.dumps(body).encode() if body else None,
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_main_in_plain_logstash(binary):
    folder = EXAMPLES / "main-in-plain-logstash"
    ours, theirs = ROOT / "pipelines" / "main.conf", folder / "main.conf"
    data = (folder / "input.ndjson").read_bytes()
    for config in (ours, theirs):
        check(binary, config)
    expected = folder / "expected.ndjson"
    compare(expected, run(binary, filters(theirs), data))
    compare(expected, run(binary, filters(ours), data))


def test_lms(binary):
    folder = EXAMPLES / "lms"
    check(binary, folder / "lms.conf")
    events = run(binary, filters(folder / "lms.conf", options=""), (folder / "input.ndjson").read_bytes())
    compare(folder / "expected.ndjson", events)


def test_tenants(binary):
    folder = EXAMPLES / "tenants"
    check(binary, folder / "tenants.conf")
    events = run(binary, filters(folder / "tenants.conf", options=""), (folder / "input.ndjson").read_bytes())
    compare(folder / "expected.ndjson", events)


def codes_of(log):
    """How many requests got which answer, read without the engine; a line that is cut off is none."""
    counts = {}
    for code in re.findall(rb'(?m)^\S+ \S+ \S+ \[[^\]]+\] "(?:[^"\\\n]|\\.)*" (\d{3}) (?:\d+|-) ".*" ".*"$', log):
        counts[code.decode()] = counts.get(code.decode(), 0) + 1
    return counts


def index_access_log(binary, log, **environment):
    """Sends an access log through examples/apache into the embedded index; the counts by response code."""
    ports = free_ports(2)
    lines = log.count(b"\n")
    words = ["--index.http.port", ports[1]]
    with engine(binary, EXAMPLES / "apache" / "apache.conf", ports, words, TCP_PORT=ports[0], **environment):
        with socket.create_connection(("127.0.0.1", int(ports[0]))) as connection:
            connection.sendall(log)
        base = f"http://127.0.0.1:{ports[1]}/access-*"
        end, count = time.monotonic() + 60, -1
        while count != lines and time.monotonic() < end:
            with contextlib.suppress(urllib.error.HTTPError):
                count = ask(f"{base}/_count")["count"]
            time.sleep(0.05)
        if count != lines:
            raise Failed(f"{count} of {lines} lines are in the index")
        query = {"size": 0, "aggs": {"codes": {"terms": {"field": "http.response.status_code", "size": 100}}}}
        buckets = ask(f"{base}/_search", query)["aggregations"]["codes"]["buckets"]
        counts = {str(b["key"]): b["doc_count"] for b in buckets}
        looked_up = "_exists_:source.geo.location%20OR%20tags:_geoip_lookup_failure"  # a database for tests knows few addresses
        if environment and not ask(f"{base}/_count?q={looked_up}")["count"]:
            raise Failed("no address was looked up in the GeoIP database")
    if counts != codes_of(log):
        raise Failed(f"the index counts {counts}, the file has {codes_of(log)}")
    return counts


def test_apache(binary):
    folder = EXAMPLES / "apache"
    check(binary, folder / "apache.conf")
    compare(folder / "expected.json", [index_access_log(binary, (folder / "access.log").read_bytes())])
    # Ten thousand lines of a real server, where they are on this machine.
    shared = pathlib.Path(os.environ.get("SHARED", ROOT.parent / "shared"))
    log, database = shared / "corpus" / "apache_logs", shared / "conformance" / "files" / "GeoLite2-City-Test.mmdb"
    if log.exists() and database.exists():
        print(f"apache_logs by response code: {index_access_log(binary, log.read_bytes(), GEOIP_DATABASE=str(database))}")


def test_tls(binary):
    folder = EXAMPLES / "tls"
    ports = free_ports(2)
    line = (folder / "input.ndjson").read_bytes()
    with tempfile.TemporaryDirectory() as certificates:
        subprocess.run([folder / "make-certificates", certificates], check=True, timeout=60)
        surroundings = {"CERTIFICATES": certificates, "BEATS_PORT": ports[0], "TCP_PORT": ports[1]}
        check(binary, folder / "tls.conf", **surroundings)
        with engine(binary, folder / "tls.conf", ports, ["--log.level", "fatal"], **surroundings) as process:
            context = ssl.create_default_context(cafile=f"{certificates}/ca.crt")
            with contextlib.suppress(OSError):  # without a certificate: closed, at the handshake or right after
                with socket.create_connection(("127.0.0.1", int(ports[1]))) as raw, context.wrap_socket(raw, server_hostname="localhost") as tls:
                    tls.sendall(b'{"message":"nobody"}\n')
                    if tls.recv(1):
                        raise Failed("an answer to a client without a certificate")
            context.load_cert_chain(f"{certificates}/client.crt", f"{certificates}/client.key")
            with socket.create_connection(("127.0.0.1", int(ports[1]))) as raw, context.wrap_socket(raw, server_hostname="localhost") as tls:
                tls.sendall(line)
                event = json.loads(process.stdout.readline())
    kept = ("@timestamp", "@version", "message", "sender")
    compare(folder / "expected.ndjson", [{name: event[name] for name in kept if name in event}])


def test_systemd(binary):
    """The unit's command line is the engine's, and systemd understands the unit, where systemd is there."""
    text = (EXAMPLES / "systemd" / "sluice.service").read_text()
    command = re.search(r"^ExecStart=(.*)$", text, re.M)[1].split()
    done = subprocess.run([binary, *command[1:], "--test", "-e", "filter { }"], env=ENVIRONMENT, capture_output=True, timeout=60)
    if done.returncode != 0:
        raise Failed(f"the engine refuses {' '.join(command)}: {done.stdout + done.stderr}")
    if not shutil.which("systemd-analyze"):
        return
    with tempfile.TemporaryDirectory() as folder:
        unit = pathlib.Path(folder, "sluice.service")
        unit.write_text(text.replace(command[0], binary))
        done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, timeout=60, text=True)
    complaints = [line for line in done.stderr.splitlines() if "sluice.service" in line]
    if complaints:
        raise Failed("\n".join(complaints))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary = os.path.abspath(sys.argv[1])
    tests = {name[5:].replace("_", "-"): test for name, test in globals().items() if name.startswith("test_")}
    missing = {p.name for p in EXAMPLES.iterdir() if p.is_dir()} ^ set(tests)
    if missing:
        sys.exit(f"examples without a test, or tests without an example: {', '.join(sorted(missing))}")
    failed = 0
    wanted = sys.argv[2:] or list(tests)
    for name in wanted:
        try:
            tests[name](binary)
        except (Failed, OSError, ValueError, KeyError, subprocess.SubprocessError) as problem:
            failed += 1
            print(f"FAILED {name}: {type(problem).__name__} {problem}")
    print(f"{len(wanted) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
