"""A server for _bulk requests that behaves badly until it is healed: one function for each way to do so."""
import collections
import json
import re
import socket
import struct
import threading

from receivers import ids_of

VERSION = {"name": "n", "cluster_name": "c", "cluster_uuid": "u", "tagline": "You Know, for Search",
           "version": {"number": "8.15.0", "build_flavor": "default"}}
MOST_BAD_ANSWERS = 4 << 30  # bytes of an answer without end


class Request:
    """One that was read from a connection."""

    def __init__(self, method, path, body):
        self.method, self.path, self.body = method, path, body

    def items(self):
        """(id of the document, number of the event, the document) of each."""
        lines = self.body.decode().split("\n")
        return [(json.loads(action)["index"]["_id"], ids_of(document)[0], json.loads(document))
                for action, document in zip(lines[::2], lines[1::2])]


def read_request(stream):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    method, path = head.decode("latin-1").split(" ")[:2]
    return Request(method, path, stream.read(int(length.group(1))) if length else b"")


def answer(body, status=200, kind="application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (f"HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nX-Elastic-Product: Elasticsearch\r\n"
            f"Content-Length: {len(data)}\r\n\r\n").encode() + data


class BadServer:
    """Listens on 127.0.0.1 from listen() on. `behave(server, connection, request)` answers _bulk requests (all
    requests with `always`) until heal(), and says whether the connection stays. `tls`, `healthy_tls`: the ssl.SSLContext
    of connections before and after that."""

    def __init__(self, behave=None, always=False, listening=True, tls=None, healthy_tls=None):
        self._behave, self._always = behave, always
        self._tls, self._healthy_tls = tls, healthy_tls
        self.healthy = threading.Event()
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self.taken = collections.Counter()  # how often each event was carried out
        self.documents = {}                 # id: the event's number
        self.sources = {}                   # the event's number: the document
        self.met = 0                        # requests that were answered badly
        self._connections = set()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        if listening:
            self.listen()

    def listen(self):
        """Until then the port is taken and connections to it are refused."""
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def heal(self):
        self.healthy.set()

    def fall_ill(self):
        self.healthy.clear()

    def close(self):
        self.closing.set()
        self.healthy.set()
        for end in (lambda: self._listener.shutdown(socket.SHUT_RDWR), self._listener.close):
            try:
                end()
            except OSError:
                pass
        for connection in list(self._connections):
            connection.close()

    def take(self, request, wanted=lambda _: True):
        """Carries the request out; `wanted`: which of its items, by their place."""
        with self._lock:
            for place, (name, number, document) in enumerate(request.items()):
                if wanted(place):
                    self.taken[number] += 1
                    self.sources[number] = document
                    self.documents[name] = number

    def done(self, request):
        """A good answer."""
        self.take(request)
        return answer({"took": 1, "errors": False, "items": [{"index": {"status": 201}} for _ in request.items()]})

    def _accept(self):
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self._connections.add(connection)
            connection.settimeout(60)
            tls = self._healthy_tls if self.healthy.is_set() else self._tls
            if tls:
                connection = tls.wrap_socket(connection, server_side=True)
                self._connections.add(connection)
            self._talk(connection)
        except (OSError, ValueError):
            pass  # the other side has gone, or close() was called
        finally:
            connection.close()

    def _talk(self, connection):
        stream = connection.makefile("rb")
        while request := read_request(stream):
            bulk = request.path.startswith("/_bulk")
            if not self.healthy.is_set() and self._behave and (bulk or self._always):
                with self._lock:
                    self.met += 1
                if not self._behave(self, connection, request):
                    return
            elif bulk:
                connection.sendall(self.done(request))
            else:
                connection.sendall(answer(b"") if request.method == "HEAD" else answer(VERSION))


# Ways to behave.

def says(data):
    """The same bytes to each request, whatever it is."""

    def behave(server, connection, request):
        connection.sendall(data)
        return True

    return behave


def fails(status, reason):
    return says(answer({"error": {"type": "some_exception", "reason": reason}, "status": status}, status))


def never_answers(server, connection, request):
    server.healthy.wait()
    return False


def slow(seconds):
    """Answers well, late; what is late is healed by the test after that."""

    def behave(server, connection, request):
        server.closing.wait(seconds)
        connection.sendall(server.done(request))
        return True

    return behave


def stops_after_headers(server, connection, request):
    connection.sendall(server.done(request).split(b"\r\n\r\n")[0] + b"\r\n\r\n")
    return never_answers(server, connection, request)


def cut_in_the_middle(server, connection, request):
    data = server.done(request)
    connection.sendall(data[:len(data) - 20])
    return False


def chunks_cut_short(server, connection, request):
    data = server.done(request).split(b"\r\n\r\n")[1]
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                       + b"%x\r\n" % (len(data) + 100) + data)
    return False


def hangs_up(server, connection, request):
    return False


def resets(server, connection, request):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return False


def truncated_json(server, connection, request):
    """Items with errors, and an answer that ends in the middle of them."""
    body = json.dumps({"took": 1, "errors": True, "items": [{"index": {"status": 201}} for _ in request.items()]})
    server.take(request)
    connection.sendall(answer(body[:-7].encode()))
    return True


def too_few_items(server, connection, request):
    connection.sendall(answer({"took": 1, "errors": True, "items": [{"index": {"status": 201}}]}))
    return True


def without_end(server, connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    sent = 0
    while sent < MOST_BAD_ANSWERS and not server.healthy.is_set():
        connection.sendall(b" " * (1 << 20))
        sent += 1 << 20
    return False


def too_large(most):
    """413 for requests with more than `most` items."""

    def behave(server, connection, request):
        if len(request.items()) > most:
            connection.sendall(answer({"error": "request is larger than the maximum"}, 413))
        else:
            connection.sendall(server.done(request))
        return True

    return behave


def refuses_items(*statuses):
    """200 with errors: event n gets statuses[n % len(statuses)]."""

    def behave(server, connection, request):
        answers = [statuses[number % len(statuses)] for _, number, _ in request.items()]
        server.take(request, lambda place: answers[place] < 300)
        items = [{"index": {"status": status} if status < 300 else
                  {"status": status, "error": {"type": f"error_{status}", "reason": "refused by the test"}}}
                 for status in answers]
        connection.sendall(answer({"took": 1, "errors": True, "items": items}))
        return True

    return behave
