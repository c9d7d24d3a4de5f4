"""What the cases share: running filters on events, and small servers to ask."""
import contextlib
import http.server
import json
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import types


class Pipeline:
    """The binary under test."""

    def __init__(self, binary):
        self.binary = binary
        self.log = ""

    def command(self, config, folder, *arguments):
        return [self.binary, "-e", config, "--path.data", folder, "--api.enabled", "false", "--log.level", "warn",
                "--node.name", "here", *arguments]

    @staticmethod
    def config(filters):
        return ("input { stdin { codec => json_lines } }\n"
                f"filter {{ {filters} mutate {{ copy => {{ \"[@metadata]\" => \"[meta]\" }} }} }}\n"
                "output { stdout { codec => json_lines } }\n")

    def run(self, filters, events=({"message": "x"},), ecs="disabled", workers=1, timeout=60, fails=False, arguments=()):
        """The events that come out, in order. With `fails`: what the pipeline says when it does not start."""
        data = "".join(json.dumps(event) + "\n" for event in events).encode()
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(self.command(self.config(filters), folder, "-w", str(workers),
                                               "--pipeline.ecs_compatibility", ecs, *arguments),
                                  input=data, capture_output=True, timeout=timeout, env=ENVIRONMENT)
        self.log = done.stderr.decode(errors="replace") + ("" if not fails else done.stdout.decode(errors="replace"))
        if fails:
            check(done.returncode != 0, f"it started: {done.stdout!r}")
            return self.log
        check(done.returncode == 0, f"exit status {done.returncode}: {self.log}")
        return [json.loads(line) for line in done.stdout.decode().splitlines()]

    def one(self, filters, event=None, **options):
        events = self.run(filters, [event or {"message": "x"}], **options)
        equal(len(events), 1, "number of events")
        return events[0]

    def refused(self, filters, *words, ecs="disabled"):
        """`--test` refuses the filters with a text that has all of `words`."""
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(self.command(self.config(filters), folder, "--test", "--pipeline.ecs_compatibility", ecs),
                                  capture_output=True, timeout=60, env=ENVIRONMENT)
        text = (done.stdout + done.stderr).decode(errors="replace")
        check(done.returncode != 0, f"--test accepts it: {filters}")
        for word in words:
            check(word in text, f"--test does not say {word!r}: {text}")

    @contextlib.contextmanager
    def started(self, filters):
        """A pipeline whose standard input stays open."""
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(self.command(self.config(filters), folder, "-w", "1",
                                                    "--pipeline.ecs_compatibility", "disabled"), stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                process.communicate()


def wait_for_port(port, process=None, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            raise Failed(f"the server ended with status {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise Failed(f"nothing listens on port {port}")


def certificates(folder):
    """A certificate of 127.0.0.1 that signed itself: paths of certificate and key."""
    if not shutil.which("openssl"):
        raise Skipped("the program openssl is not there")
    certificate, key = pathlib.Path(folder, "server.crt"), pathlib.Path(folder, "server.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return certificate, key


class Server:
    """An HTTP server. `answer(request)` gives (status, headers, body), or None to break the connection."""

    def __init__(self, answer, tls=None):
        outer = self
        self.requests = []
        self.connections = 0
        self.most_at_once = self.at_once = 0
        self.lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                with outer.lock:
                    outer.connections += 1
                super().setup()

            def handle_any(self):
                size = int(self.headers.get("content-length") or 0)
                request = types.SimpleNamespace(command=self.command, path=self.path, headers=self.headers,
                                                body=self.rfile.read(size))
                with outer.lock:
                    outer.requests.append(request)
                    outer.at_once += 1
                    outer.most_at_once = max(outer.most_at_once, outer.at_once)
                try:
                    answer_ = answer(request)
                finally:
                    with outer.lock:
                        outer.at_once -= 1
                if answer_ is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, headers, body = answer_
                if isinstance(body, (dict, list)):
                    body = json.dumps(body)
                body = body.encode() if isinstance(body, str) else body
                with contextlib.suppress(OSError):
                    self.send_response_only(status)
                    for name, value in headers if isinstance(headers, list) else headers.items():
                        self.send_header(name, value)
                    if status not in (204, 304):
                        self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    if self.command != "HEAD" and status not in (204, 304):
                        self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        class Threading(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Threading(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https" if tls else "http"
        self.port = self.server.server_address[1]
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

from checks import ENVIRONMENT, Failed, Skipped, check, equal
