"""One run of one program on one case: started in a folder of its own, loaded, counted, measured, stopped."""
import contextlib
import dataclasses
import itertools
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

import inputs


class Failed(Exception):
    """Why a run gives no figure."""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait_until(what, reason, seconds=60, step=0.01):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} s in vain: {reason()}")
        time.sleep(step)


def listening(port, table="tcp"):
    """Whether somebody listens on a port; asked of the kernel, so that the program sees no connection."""
    wanted, state = f":{port:04X}", "0A" if table == "tcp" else "07"
    for name in (table, table + "6"):
        for line in pathlib.Path("/proc/net", name).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == state:
                return True
    return False


def kernel_drops(port):
    """Datagrams that the kernel threw away because the socket of the port was full."""
    lines = [line.split() for table in ("udp", "udp6") for line in pathlib.Path("/proc/net", table).read_text().splitlines()[1:]]
    return sum(int(fields[-1]) for fields in lines if fields[1].endswith(f":{port:04X}"))


def send_lines(port, lines):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for line in lines:
            s.sendto(line, ("127.0.0.1", port))


def get(url):
    with urllib.request.urlopen(url, timeout=10) as reply:
        return json.load(reply)


class Process:
    """A program that runs in the background, stopped at the end of the `with`."""

    def __init__(self, command, log, environment=None):
        self.log = pathlib.Path(log)
        self.started = time.monotonic()
        with open(log, "wb") as out:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env={**os.environ, **(environment or {})})
        self.pid = self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        return self.child.returncode

    def said(self):
        return self.log.read_text(errors="replace")[-1500:]

    def alive(self):
        if self.child.poll() is not None:
            raise Failed(f"ended with {self.child.returncode}: {self.said()}")
        return True

    def cpu_seconds(self):
        """User and system time of all its threads, those that have ended too; from the process's CPU clock."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def memory(self, field):
        """VmRSS or VmHWM in MiB."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(field + r":\s+(\d+)", text).group(1)) / 1024

    def wait_listening(self, *ports, step=0.001):
        for port in ports:
            wait_until(lambda p=port: self.alive() and (listening(p) or listening(p, "udp")),
                       lambda p=port: f"nobody listens on port {p}: {self.said()}", step=step)


class Tools:
    """The far sides, built beside the engine."""

    def __init__(self, build):
        self.folder = pathlib.Path(build).resolve() / "tests" / "bench"
        subprocess.run(["ninja", "-C", str(build), "--quiet", "bench_tools"], check=True, stdout=subprocess.DEVNULL)

    def blast(self, port, rate, events):
        """Sends datagrams at a rate; how many they were."""
        done = subprocess.run([str(word) for word in (self.folder / "udp_blast", "--port", port, "--rate", rate,
                                                      "--seconds", events / rate)], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"the load failed: {done.stderr.strip()}")
        return {name: float(value) for name, value in (word.split("=") for word in done.stdout.split())}

    def load(self, kind, **options):
        words = [f"{name}={value}" for name, value in options.items()]
        done = subprocess.run([self.folder / "bench_load", kind, *words], capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise Failed(f"the load failed: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def limit(self):
        """ns of CPU per line for each kind of work, as this machine does it right now."""
        lines = [str(inputs.path(kind, 100_000)) for kind in ("json", "access")]
        done = subprocess.run([self.folder / "bench_limit", *lines, "rounds=3"], check=True, capture_output=True)
        return json.loads(done.stdout)

    def sink(self, folder, keep=None):
        process = Process([self.folder / "bench_sink", *([f"keep={keep}"] if keep else [])], folder / "sink.log")
        wait_until(lambda: process.alive() and "\n" in process.said(), process.said)
        return process, int(process.said().split()[1])


def count_lines(path):
    count = 0
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        while part := file.read(1 << 20):
            count += part.count(b"\n")
    return count


@dataclasses.dataclass
class Figures:
    cpu_us: float  # User and system time of the process, per event.
    rate: float    # Events per second.
    rss: float     # MiB, highest.
    load: dict     # What the load tool printed.


class Run:
    """A program set up for a case. `lines` of the case's input are sent `rounds` times."""

    def __init__(self, case, program, tools, lines, rounds, options=(), environment=None, capture=False):
        self.case, self.program, self.tools = case, program, tools
        self.lines, self.rounds = lines, rounds
        self.events = lines * rounds if case.load == "file" else 0
        self.options, self.environment, self.capture = options, environment, capture
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-run-"))
        names = ("TCP_PORT", "BEATS_PORT", "UDP_PORT", "BACK_PORT", "API_PORT", "INDEX_PORT")
        self.ports = dict(zip(names, free_ports(len(names))))
        self.out, self.kept = self.folder / "out.json", self.folder / "bulk.ndjson"
        self.variables = {**self.ports, **case.variables, **program.variables, "DIR": self.folder, "OUT": self.out,
                          "CASE": case.folder}
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self.set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def set_up(self):
        file_input = self.case.load == "file"
        self.input = inputs.path(self.case.input, self.lines, self.rounds if file_input else 1)
        self.variables["INPUT"] = self.input
        if "${GEOIP}" in self.program.config(self.case):
            self.variables["GEOIP"] = inputs.path("geoip", 0)
        self.sink = None
        if self.case.output == "bulk":
            sink, port = self.tools.sink(self.folder, self.kept if self.capture else None)
            self.stack.enter_context(sink)
            self.sink = self.variables["SINK_PORT"] = port
        config = self.folder / ("config" + self.program.suffix)
        config.write_text(self.fill(self.program.config(self.case)))
        command = [*self.case.prefix, *self.program.command(self, config), *self.options]
        self.process = self.stack.enter_context(
            Process([str(word) for word in command], self.folder / "log",
                    {**(self.program.environment or {}), **(self.environment or {})}))

    def fill(self, text):
        """Puts the run's ports and paths where the config names them."""
        if self.capture:
            text = text.replace("null { }", 'file { path => "${OUT}" codec => json_lines }')
        return re.sub(r"\$\{(\w+)(:[^}]*)?\}", lambda m: str(self.variables.get(m[1], m[0])), text)

    def port(self):
        return self.ports[f"{self.case.load.upper()}_PORT"]

    def wait_ready(self):
        if self.case.load != "file":
            self.process.wait_listening(self.port())
        if self.program.has_api:
            self.process.wait_listening(self.ports["API_PORT"])

    def send(self, rounds):
        """Sends the input so many times; `events` is then what has to have come through since the start."""
        if self.case.load == "udp":
            return self.send_datagrams(self.lines * rounds)
        self.events += self.lines * rounds
        return self.tools.load(self.case.load, rounds=rounds, file=self.input, port=self.port(), **self.case.load_options)

    def send_datagrams(self, count):
        """The input's lines when they are few, else datagrams of that kind at the case's rate. Some may be lost: that is a
        figure too."""
        before = kernel_drops(self.port())
        if count < 10_000:
            send_lines(self.port(), itertools.islice(itertools.cycle(self.input.read_bytes().splitlines()), count))
            load = {"sent": count}
        else:
            load = self.tools.blast(self.port(), self.case.load_options["rate"], count)
        load["dropped"] = kernel_drops(self.port()) - before
        self.events += int(load["sent"]) - load["dropped"]
        return load

    def through(self):
        """How many events the program, or who stands behind it, says are through; None when nobody says so."""
        if self.sink:
            return get(f"http://127.0.0.1:{self.sink}/_seen")["documents"]
        return self.program.events_out(self)

    def wait_done(self):
        """Waits until every event is through; the time at which that was."""
        if self.through() is None:
            done = self.wait_silent()
        else:
            wait_until(lambda: self.process.alive() and self.through() >= self.events,
                       lambda: f"{self.through()} of {self.events} events are through: {self.process.said()}", 120)
            done = time.monotonic()
        return done

    def check_count(self):
        """A run that lost or doubled an event gives no figure. Ends the program: some write their last lines then."""
        arrived = self.through() if self.sink else self.events
        if not self.sink and (self.case.output == "file" or self.capture):
            # Read only now: whoever reads a file that is written slows the writer down.
            self.process.stop()
            arrived = count_lines(self.out)
        if arrived != self.events:
            raise Failed(f"{arrived} events arrived, {self.events} were sent: {self.process.said()}")

    def wait_silent(self, seconds=1.0):
        """Waits until the program has used no CPU to speak of for so long; the time at which it last did."""
        last, mark = time.monotonic(), self.process.cpu_seconds()
        while time.monotonic() - last < seconds:
            time.sleep(0.05)
            self.process.alive()
            used = self.process.cpu_seconds()
            if used - mark > 0.005:
                last, mark = time.monotonic(), used
        return last

    def measure(self):
        """Sends everything, and waits until it is through. What is read from a file counts from the program's start; else
        one round goes before, so that caches, pools and the memory that a program keeps are there."""
        self.wait_ready()
        began, cpu, first, load = self.process.started, 0.0, 0, {}
        if self.case.load != "file":
            time.sleep(0.2)
            if not self.capture:
                self.send(1)
                self.wait_done()
            began, cpu, first = time.monotonic(), self.process.cpu_seconds(), self.events
            load = self.send(self.rounds)
        done = self.wait_done()
        events = self.events - first
        cpu = self.process.cpu_seconds() - cpu
        rss = self.process.memory("VmHWM")
        self.check_count()
        return Figures(cpu / events * 1e6, events / (done - began), rss, load)

    def output(self):
        """What came out, as one dictionary for each event; only of a run with `capture` or of a file."""
        if self.sink:
            lines = self.kept.read_text().splitlines()
            return [{"action": json.loads(lines[i]), "document": json.loads(lines[i + 1])}
                    for i in range(0, len(lines), 2)]
        return [json.loads(line) for line in self.out.read_text().splitlines()]
