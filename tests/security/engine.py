"""The engine as a process with a settings folder of its own, and what the cases share."""
import queue
import re
import subprocess
import threading
import time

from checks import ENVIRONMENT, Failed, check


def has(text, *words):
    for word in words:
        check(word in text, f"no {word!r} in: {text}")


def lacks(text, *words):
    for word in words:
        check(word not in text, f"{word!r} in: {text}")


class Engine:
    """Runs the binary. One background process at a time; stop() ends it."""

    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder
        self.settings = folder / "settings"
        self.settings.mkdir()
        self.environment = dict(ENVIRONMENT)
        self.process = None
        self.lines = None
        self.log = ""

    def write(self, name, text):
        path = self.settings / name
        path.write_text(text)
        return path

    def command(self, *arguments, input="", environment=None):
        """Runs to the end: status, and all that was printed."""
        done = subprocess.run([self.binary, *map(str, arguments)], input=input.encode(), capture_output=True,
                              timeout=60, env=self.environment | (environment or {}))
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def run(self, config, *arguments, **more):
        """Runs a config to its end."""
        return self.command("--path.settings", self.settings, "--path.data", self.folder / "data", "-e", config,
                            *arguments, **more)

    def start(self, config, *arguments, until="Pipelines running"):
        """Starts a config, with an empty log, and waits for the log line with `until`."""
        self.log = ""
        self.process = subprocess.Popen(
            [self.binary, "--path.settings", str(self.settings), "--path.data", str(self.folder / "data"), "-e", config,
             *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=self.environment)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, args=(self.process, self.lines), daemon=True).start()
        return self.wait_for(until)

    @staticmethod
    def _read(process, lines):
        for line in process.stdout:
            lines.put(line.decode(errors="replace"))
        lines.put(None)

    def wait_for(self, pattern, seconds=30):
        """The next line that matches, printed or logged."""
        until = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty:
                raise Failed(f"no line with {pattern!r}: {self.log[-2000:]}") from None
            check(line is not None, f"the engine ended before a line with {pattern!r}: {self.log[-2000:]}")
            self.log += line
            if re.search(pattern, line):
                return line

    def stop(self):
        """Ends the process; its status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process = None
        return status
