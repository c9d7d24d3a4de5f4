"""The engine under test: started with a config and a data folder, killed or stopped by its process id."""
import json
import os
import re
import socket
import subprocess
import time
import urllib.request

from checks import Failed, free_port


def wait_until(condition, seconds, what):
    """The first true value of condition(); Failed with `what` (a text, or a function that gives one) after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.01)


def listens(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


class Engine:
    def __init__(self, binary, folder, config, options=(), prefix=(), queue="persisted", environment=None):
        """`prefix`: words of a command that the engine runs under. `queue`: queue.type. `environment`: more variables."""
        folder.mkdir(parents=True, exist_ok=True)
        self.api = free_port()
        self.log = folder / "engine.log"
        path = folder / "pipeline.conf"
        path.write_text(config)
        self.started = time.monotonic()
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(
                [*prefix, *self.command(binary, path, folder, queue, options)], stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, env={**os.environ, **(environment or {})})

    def command(self, binary, path, folder, queue, options):
        return [str(binary), "-f", str(path), "--path.data", str(folder / "data"), "--queue.type", queue,
                "--api.http.port", str(self.api), *options]

    def ready(self, port):
        """Waits for the port; the seconds that the start took."""

        def check():
            if self.child.poll() is not None:
                raise Failed(f"the engine ended with status {self.child.returncode}: {self.last_lines()}")
            return listens(port)

        wait_until(check, 20, lambda: f"the engine listens: {self.last_lines()}")
        return time.monotonic() - self.started

    def queue(self):
        """The figures of the queue, from the monitoring API."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.api}/_node/stats/pipelines/main", timeout=10) as answer:
            return json.load(answer)["pipelines"]["main"]["queue"]

    def peak_memory(self):
        """The most bytes of memory that the process has had."""
        status = open(f"/proc/{self.child.pid}/status").read()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) << 10

    def kill(self):
        if self.child.poll() is not None:
            raise Failed(f"the engine ended by itself with status {self.child.returncode}: {self.last_lines()}")
        self.child.kill()
        self.child.wait()

    def stop(self, seconds=40):
        if self.child.poll() is None:
            self.child.terminate()
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise Failed(f"the engine did not stop within {seconds} s: {self.last_lines()}") from None

    def end(self):
        """Whatever the test has come to."""
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()

    def last_lines(self, count=8):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
