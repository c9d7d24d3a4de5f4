"""Processes of a test: each has a log file, and is stopped by its id."""
import os
import socket
import subprocess
import time


class Failed(Exception):
    """What a test found wrong, in words."""


def free_port():
    """A port of 127.0.0.1 that nobody listens on, for TCP and UDP."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as packets:
            stream.bind(("127.0.0.1", 0))
            port = stream.getsockname()[1]
            try:
                packets.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def listens(port):
    with socket.socket() as stream:
        stream.settimeout(1)
        return stream.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition, seconds, what, every=0.1):
    """The first true value of condition(); Failed with `what` (a text, or a function that gives one) after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(every)


class Process:
    def __init__(self, name, argv, folder, env=None):
        """`env` is added to the environment; a name with the value None is left out of it."""
        environment = {**os.environ, **(env or {})}
        self.name = name
        self.log = folder / f"{name}.log"
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen([str(a) for a in argv], cwd=folder,
                                          env={k: v for k, v in environment.items() if v is not None},
                                          stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def running(self):
        return self.child.poll() is None

    def ready(self, condition, seconds):
        """Waits for condition(), and no longer than the process lives."""

        def check():
            if not self.running():
                raise Failed(f"{self.name} ended with status {self.child.returncode}: {self.last_lines()}")
            return condition()

        wait_until(check, seconds, lambda: f"{self.name} is ready: {self.last_lines()}")
        return self

    def stop(self, seconds=30):
        """SIGTERM, and SIGKILL when that is not enough. The exit status; None when it had to be killed."""
        if self.running():
            self.child.terminate()
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                return None
        return self.child.returncode

    def text(self):
        return self.log.read_text("utf-8", "replace")

    def last_lines(self, count=3):
        return " | ".join(self.text().strip().splitlines()[-count:])[-600:]

    def peak_memory_mib(self):
        """The most memory that it had so far; call it while it runs."""
        with open(f"/proc/{self.child.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) // 1024
        return 0
