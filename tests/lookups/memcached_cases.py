"""The filter memcached, against memcached itself."""
import contextlib
import getpass
import hashlib
import re
import shutil
import socket
import subprocess
import time
import zlib

from checks import Skipped, check, equal, free_port
from harness import wait_for_port


class Memcached:
    def __init__(self):
        program = shutil.which("memcached")
        if not program:
            raise Skipped("memcached is not installed")
        self.port = free_port()
        self.command = [program, "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-m", "64", "-t", "1"]
        if getpass.getuser() == "root":
            self.command += ["-u", "root"]
        self.host = f"127.0.0.1:{self.port}"
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def ask(self, request):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as s:
            s.sendall(request + b"quit\r\n")
            answer = b""
            while part := s.recv(65536):
                answer += part
        return answer

    def put(self, key, value, flags=0):
        check(self.ask(b"set %s %d 0 %d\r\n%s\r\n" % (key.encode(), flags, len(value), value)).startswith(b"STORED"), key)

    def look(self, key):
        """(flags, bytes), or None."""
        answer = self.ask(f"get {key}\r\n".encode())
        if not answer.startswith(b"VALUE"):
            return None
        head, rest = answer.split(b"\r\n", 1)
        _, _, flags, size = head.split()
        return int(flags), rest[:int(size)]


def mc(server, more):
    return f'memcached {{ hosts => ["{server.host}"] {more} }}'


def case_get(p):
    with Memcached() as m:
        m.put("t:host/a", b"bad")
        m.put("t:n", b"5")
        hit, miss = p.run(mc(m, 'namespace => "t" get => { "host/%{h}" => "[threat][host]" "n" => "n" }'
                                ' add_tag => ["ok"]'), [{"h": "a"}, {"h": "b"}])
        none = p.one(mc(m, 'get => { "x" => "x" } add_tag => ["ok"]'))
    equal((hit["threat"], hit["n"], hit["tags"]), ({"host": "bad"}, "5", ["ok"]))
    check("threat" not in miss and miss["n"] == "5" and miss["tags"] == ["ok"], miss)
    check("tags" not in none and "x" not in none, none)


def case_set_and_get_keep_types(p):
    value = {"s": "\u00fc\u00e9", "i": [0, 1, 122, 123, -1, -123, -124, 255, 256, 65536, -65537, 2**30, -2**30, -2**30 - 1, 2**40],
             "f": [1.5, -0.25, 1e300], "b": [True, False, None], "again": "\u00fc\u00e9", "o": {"o": {}}, "a": []}
    with Memcached() as m:
        p.one(mc(m, 'set => { "v" => "k %{n}" }'), {"v": value, "n": 1})
        equal(p.one(mc(m, 'get => { "k %{n}" => "w" }'), {"n": 1})["w"], value)
        both = p.run(mc(m, 'set => { "v" => "%{k}" } get => { "q" => "w" }'), [{"v": 1, "k": "q"}, {"v": 2, "k": "q"}, {"k": "z"}])
        equal([e["w"] for e in both], [1, 2, 2])


def case_values_are_those_of_ruby(p):
    with Memcached() as m:
        p.one(mc(m, 'set => { "message" => "k" }'), {"message": "hello"})
        equal(m.look("k"), (1, b'\x04\bI"\nhello\x06:\x06ET'))
        m.put("k", b'\x04\b{\aI"\x06a\x06:\x06ETi\x02\xe8\x03:\x06b[\ai\xfa@\x06', 1)
        equal(p.one(mc(m, 'get => { "k" => "v" }'))["v"], {"a": 1000, "b": [-1, "a"]})
        m.put("k", zlib.compress(b'\x04\bI"\nhello\x06:\x06ET'), 3)
        equal(p.one(mc(m, 'get => { "k" => "v" }'))["v"], "hello")
        p.one(mc(m, 'set => { "message" => "big" }'), {"message": "x" * 100000})
        equal(m.look("big")[0], 3)
        equal(p.one(mc(m, 'get => { "big" => "v" }'))["v"], "x" * 100000)


def case_damaged_values(p):
    bad = [b"", b"\x04", b"\x04\b", b"\x04\bo:\x06X\x00", b"\x04\b[\x04\xff\xff\xff\x7f", b"\x04\b" + b"[\x06" * 5000 + b"0",
           b"\x04\b[\x06@\x00", b"\x04\b@\x06", b"\x04\b;\x06", b"\x04\bI\"\x06a\x04\xff\xff\xff\x7f", b"\x04\bi\x04\x01", b"\x04\bf\x08x",
           b"\x04\b{\x06i\x060", b"\x04\b00"]
    with Memcached() as m:
        for n, value in enumerate(bad):
            m.put(f"k{n}", value, 1)
        m.put("zip", b"no zlib", 2)
        m.put("latin", b"a\xffb")
        events = p.run(mc(m, 'get => { "k%{n}" => "v" }'), [{"n": n} for n in range(len(bad))])
        equal([e.get("tags") for e in events], [["_memcached_failure"]] * len(bad))
        equal(p.one(mc(m, 'get => { "zip" => "v" } tag_on_failure => "t"'))["tags"], ["t"])
        equal(p.one(mc(m, 'get => { "latin" => "v" }'))["v"], "a\\xFFb")


def case_ttl_and_failures_of_single_events(p):
    with Memcached() as m:
        p.one(mc(m, 'set => { "message" => "k" } ttl => 100'))
        answer = m.ask(b"me k\r\n")
        check(re.search(rb"exp=-?(100|99) ", answer), answer)
        time_, blank, fine = p.run(
            mc(m, 'set => { "[v]" => "%{k}" } add_tag => ["ok"]') , [{"k": "t"}, {"v": "x", "k": " "}, {"v": 1, "k": "f"}])
        check("tags" not in time_, time_)
        equal((blank["tags"], fine["tags"]), (["_memcached_failure"], ["ok"]))
        equal(p.one(mc(m, 'set => { "@timestamp" => "k" }'))["tags"], ["_memcached_failure"])
        long_key = p.run(mc(m, 'set => { "v" => "%{k}" } add_tag => ["ok"]') , [{"v": 1, "k": "k" * 300}])
        equal(long_key[0]["tags"], ["ok"])


def case_no_server(p):
    port = free_port()
    check("failed to connect to memcached" in p.run(f'memcached {{ hosts => ["127.0.0.1:{port}"] get => {{ "a" => "b" }} }}',
                                                     fails=True), p.log)
    p.refused('memcached { hosts => [] }', "`hosts` is empty")
    p.refused('memcached { hosts => ["a:x"] }', "port")
    p.refused('memcached { ttl => -1 }', "cannot be negative")
    p.refused('memcached { get => { "a" => "[b" } }', "FieldReference")


def case_a_server_that_goes_and_comes_back(p):
    with Memcached() as m:
        m.put("k", b"v")
        with p.started(mc(m, 'get => { "k" => "v" }')) as process:
            def one():
                process.stdin.write(b'{"n": 1}\n')
                process.stdin.flush()
                return process.stdout.readline().decode()
            check('"v":"v"' in one(), "first")
            m.stop()
            check("_memcached_failure" in one(), "while it is away")
            m.start()
            m.put("k", b"w")
            for _ in range(100):
                line = one()
                if '"v":"w"' in line:
                    break
            else:
                time.sleep(1.5)
                line = one()
            check('"v":"w"' in line, line)


def case_several_servers_share_the_keys_as_ruby_does(p):
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(Memcached()) for _ in range(3)]
        hosts = ", ".join(f'"{s.host}"' for s in servers)
        p.run(f'memcached {{ hosts => [{hosts}] set => {{ "n" => "key%{{n}}" }} }}', [{"n": n} for n in range(60)])
        points = sorted((int(hashlib.sha1(f"{s.host}:{i}".encode()).hexdigest()[:8], 16), k)
                        for k, s in enumerate(servers) for i in range(160))
        for n in range(60):
            key = f"key{n}"
            below = [k for point, k in points if point <= zlib.crc32(key.encode())]
            wanted = below[-1] if below else points[-1][1]
            check(servers[wanted].look(key) is not None, f"{key} is not on server {wanted}")
        events = p.run(f'memcached {{ hosts => [{hosts}] get => {{ "key%{{n}}" => "v" }} }}', [{"n": n} for n in range(60)])
        equal([e["v"] for e in events], list(range(60)))
