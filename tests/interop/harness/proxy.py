"""A TCP proxy that cuts what goes through it."""
import socket
import struct
import threading


class CuttingProxy:
    """Stands at `port` of 127.0.0.1 before another port. cut() resets all connections; hold_answers() keeps back what the
    target sends, so that a cut after it takes confirmations with it: what was confirmed there must then be sent again."""

    def __init__(self, target):
        self.target = target
        self.cuts = 0
        self.holding = False
        self.held_bytes = 0
        self.pairs = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 5)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.pairs.append((client, server))
            threading.Thread(target=self._copy, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client, True), daemon=True).start()

    def _copy(self, source, sink, answers):
        try:
            while data := source.recv(65536):
                if answers and self.holding:
                    self.held_bytes += len(data)
                    continue
                sink.sendall(data)
            ending = socket.SHUT_WR
        except OSError:
            ending = socket.SHUT_RDWR
        try:
            sink.shutdown(ending)
        except OSError:
            pass

    def hold_answers(self):
        self.held_bytes = 0
        self.holding = True

    def cut(self):
        """Resets every connection, in both directions. True when there was one."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        alive = False
        for pair in pairs:
            for stream in pair:
                try:
                    stream.getpeername()
                    alive = True
                except OSError:
                    pass
                try:
                    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    stream.shutdown(socket.SHUT_RD)  # wakes the thread that reads
                except OSError:
                    pass
                stream.close()
        self.holding = False
        self.cuts += alive
        return alive

    def close(self):
        self.listener.close()
        self.cut()
