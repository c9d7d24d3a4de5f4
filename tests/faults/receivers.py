"""Where events come out: a file, or a server that answers _bulk as Elasticsearch does, in its bad moments too."""
import collections
import http.server
import json
import random
import re
import threading

ID = re.compile(r"id=(\d+);")


def ids_of(text):
    return [int(n) for n in ID.findall(text)]


class FileReceiver:
    def __init__(self, folder):
        self.path = folder / "out.log"
        self.output = f'file {{ path => "{self.path}" codec => line {{ format => "%{{message}}" }} }}'

    def counts(self):
        text = self.path.read_text(errors="replace") if self.path.exists() else ""
        return collections.Counter(ids_of(text))

    def close(self):
        pass


class SearchReceiver:
    """Counts what it has confirmed. `trouble`: the share of requests that it answers with 503 or cuts off.

    `automatic_ids`: the output names its documents, and what counts is the documents that are there in the end; of the
    requests that are cut off half have been carried out."""

    def __init__(self, port=0, trouble=0.0, seed=1, automatic_ids=False):
        self._counts = collections.Counter()
        self._documents = {}  # id: the event's number
        self._automatic_ids = automatic_ids
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._trouble = trouble
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, body, status=200):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("X-Elastic-Product", "Elasticsearch")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_HEAD(self):
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self):
                self.answer({"name": "n", "cluster_name": "c", "cluster_uuid": "u", "tagline": "You Know, for Search",
                             "version": {"number": "8.15.0", "build_flavor": "default"}})

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                chance = receiver.chance()
                if chance < receiver._trouble / 2:
                    self.answer({"error": "unavailable"}, 503)
                elif chance < receiver._trouble:
                    if automatic_ids and chance < receiver._trouble * 0.75:
                        receiver.take(body)
                    self.close_connection = True  # without an answer
                else:
                    self.answer(receiver.take(body))

            do_PUT = do_POST

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # the engine was killed in the middle of a request

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self.output = (f'elasticsearch {{ hosts => "http://127.0.0.1:{self.port}" index => "logs" manage_template => false '
                       f'ilm_enabled => false compression_level => 0 retry_initial_interval => 1'
                       f'{" document_id => auto" if automatic_ids else ""} }}')
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def chance(self):
        with self._lock:
            return self._random.random()

    def take(self, body):
        lines = body.split("\n")
        documents = lines[1::2]
        with self._lock:
            for action, document in zip(lines[::2], documents):
                if self._automatic_ids:
                    self._documents[json.loads(action)["index"]["_id"]] = ids_of(document)[0]
                else:
                    self._counts.update(ids_of(document))
        return {"took": 1, "errors": False, "items": [{"index": {"status": 201}} for _ in documents]}

    def counts(self):
        with self._lock:
            return collections.Counter(self._documents.values() if self._automatic_ids else self._counts)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
