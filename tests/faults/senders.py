"""Clients that remember which events they may rely on."""
import socket
import struct
import threading


class Ids:
    """Numbers of events, each given once; thread-safe."""

    def __init__(self):
        self._next = 0
        self._lock = threading.Lock()

    def take(self, count):
        with self._lock:
            first = self._next
            self._next += count
            return range(first, first + count)


def frames(numbers):
    """A window with an event for each number."""
    parts = [b"2W" + struct.pack(">I", len(numbers))]
    for sequence, number in enumerate(numbers, 1):
        document = b'{"message":"id=%d;","host":{"name":"client"}}' % number
        parts.append(b"2J" + struct.pack(">II", sequence, len(document)) + document)
    return b"".join(parts)


def wait_acknowledged(connection, last):
    """Returns when the window up to `last` is acknowledged."""
    answer = b""
    while True:
        piece = connection.recv(64)
        if not piece:
            raise OSError("closed")
        answer += piece
        while len(answer) >= 6:
            if answer[:2] != b"2A":
                raise ValueError(f"not an acknowledgement: {answer[:6]!r}")
            sequence = struct.unpack(">I", answer[2:6])[0]
            answer = answer[6:]
            if sequence == last:
                return


class LumberjackClient(threading.Thread):
    """Sends windows and waits for each to be acknowledged; what was not is sent again by the next client that gets
    `unacknowledged`, as Filebeat does."""

    def __init__(self, port, ids, acknowledged, unacknowledged, window=50):
        super().__init__(daemon=True)
        self._port, self._ids, self._window = port, ids, window
        self._acknowledged, self._unacknowledged = acknowledged, unacknowledged
        self.problem = None

    def run(self):
        try:
            with socket.create_connection(("127.0.0.1", self._port), 10) as connection:
                connection.settimeout(60)
                while True:
                    numbers = self._unacknowledged.pop() if self._unacknowledged else list(self._ids.take(self._window))
                    self._unacknowledged.append(numbers)
                    connection.sendall(frames(numbers))
                    wait_acknowledged(connection, len(numbers))
                    self._unacknowledged.remove(numbers)
                    self._acknowledged.update(numbers)
        except OSError:
            pass  # the engine was killed
        except Exception as e:  # told by the test
            self.problem = e


class TcpClient(threading.Thread):
    """Sends lines as fast as they are taken, or with a pause (seconds) behind each 20."""

    def __init__(self, port, ids, pause=0.0):
        super().__init__(daemon=True)
        self._port, self._ids, self._pause = port, ids, pause
        self.numbers = []  # in the order of sending
        self.stopped = threading.Event()

    def run(self):
        try:
            with socket.create_connection(("127.0.0.1", self._port), 10) as connection:
                while not self.stopped.wait(self._pause):
                    numbers = self._ids.take(20)
                    self.numbers.extend(numbers)
                    connection.sendall(b"".join(b'{"message":"id=%d;"}\n' % n for n in numbers))
        except OSError:
            pass  # the engine was killed
