#!/usr/bin/env python3
"""A stand-in for Elasticsearch that takes everything: sink.py PORT. GET /_seen says how many documents, per index."""
import collections
import gzip
import json
import re
import socketserver
import sys
import threading

INDEX = re.compile(rb'^\{"(?:index|create)":\{[^\n]*?"_index":"([^"]+)"', re.M)
seen, lock, count_indices = collections.Counter(), threading.Lock(), "--indices" in sys.argv


class Handler(socketserver.StreamRequestHandler):
    rbufsize = 1 << 20
    disable_nagle_algorithm = True

    def handle(self):
        while line := self.rfile.readline():
            method, target, _ = line.decode().split(" ", 2)
            headers = {}
            while (header := self.rfile.readline()) not in (b"\r\n", b""):
                name, value = header.decode().split(":", 1)
                headers[name.lower()] = value.strip()
            if headers.get("expect"):
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = self.rfile.read(int(headers.get("content-length", 0)))
            self.answer(method, target, gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)

    def answer(self, method, target, body):
        reply = {"version": {"number": "8.15.0", "build_flavor": "default"}, "tagline": "You Know, for Search"}
        if "_bulk" in target:
            names = INDEX.findall(body) if count_indices else []
            with lock:
                seen[""] += body.count(b"\n") // 2
                seen.update(name.decode() for name in names)
            reply = {"took": 1, "errors": False, "items": []}
        elif target.startswith("/_seen"):
            with lock:
                reply = dict(seen)
        text = b"" if method == "HEAD" else json.dumps(reply).encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Elastic-Product: Elasticsearch\r\n"
                         b"Content-Length: %d\r\n\r\n%s" % (len(text), text))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
