"""The codec netflow behind the input udp, with exporters that send as softflowd and routers do."""
import contextlib
import json
import queue
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from checks import ENVIRONMENT, Failed, equal

TIME = 1_700_000_000


def flowset(number, content):
    content += b"\0" * (-len(content) % 4)
    return struct.pack(">HH", number, len(content) + 4) + content


def v9(sequence, *flowsets, source=1):
    return struct.pack(">HHIIII", 9, len(flowsets), 60_000, TIME, sequence, source) + b"".join(flowsets)


def ipfix(sequence, *sets, domain=1):
    body = b"".join(sets)
    return struct.pack(">HHIII", 10, len(body) + 16, TIME, sequence, domain) + body


def template(number, *fields):
    return struct.pack(">HH", number, len(fields)) + b"".join(struct.pack(">HH", *field) for field in fields)


V9 = flowset(0, template(1024, (8, 4), (12, 4), (22, 4), (21, 4), (1, 4), (2, 4), (7, 2), (11, 2), (4, 1), (6, 1)))
IPFIX = flowset(2, template(1024, (8, 4), (12, 4), (1, 8), (7, 2), (4, 1)))


def v9_flow(port):
    return bytes([192, 0, 2, 1, 198, 51, 100, 2]) + struct.pack(">IIIIHHBB", 50_000, 59_000, 4200, 7, port, 443, 6, 27)


def ipfix_flow(port):
    return bytes([192, 0, 2, 1, 198, 51, 100, 2]) + struct.pack(">QHB", 4200, port, 17)


class Collector:
    """A running pipeline that takes flows, and the events that it writes."""

    def __init__(self, p, folder, options=""):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = (f'input {{ udp {{ host => "127.0.0.1" port => {self.port} codec => netflow {{ {options} }} }} }} '
                  "output { stdout { codec => json_lines } }")
        self.process = subprocess.Popen(p.command(config, folder, "--pipeline.ecs_compatibility", "disabled"),
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.wait_until_bound()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def wait_until_bound(self):
        until = time.monotonic() + 20
        while time.monotonic() < until and self.process.poll() is None:
            with open("/proc/net/udp", encoding="ascii") as table:
                if f":{self.port:04X} " in table.read():
                    return
            time.sleep(0.02)
        raise Failed("the pipeline does not listen")

    def events(self, count):
        try:
            return [self.lines.get(timeout=20)["netflow"] for _ in range(count)]
        except queue.Empty:
            raise Failed("the events do not come") from None


@contextlib.contextmanager
def collector(p, folder, options=""):
    running = Collector(p, folder, options)
    try:
        yield running
    finally:
        running.process.send_signal(signal.SIGTERM)
        try:
            running.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            running.process.kill()
            raise Failed("the pipeline does not end") from None
        finally:
            running.reader.join()
            running.process.stdout.close()


class Exporter:
    def __init__(self, port, address="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.socket.connect(("127.0.0.1", port))

    def send(self, *packets):
        for packet in packets:
            self.socket.send(packet)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def case_flows_of_all_versions_in_one_stream(p):
    five = struct.pack(">HHIIIIBBH", 5, 1, 60_000, TIME, 0, 9, 0, 0, 0) + bytes([192, 0, 2, 1, 198, 51, 100, 2, 0, 0, 0, 0]) \
        + struct.pack(">HHIIIIHHxBBBHHBBxx", 1, 2, 7, 4200, 50_000, 59_000, 1, 53, 0, 17, 0, 0, 0, 24, 24)
    with tempfile.TemporaryDirectory() as folder, collector(p, folder) as c, Exporter(c.port) as e:
        e.send(v9(1, V9), v9(2, flowset(1024, v9_flow(1) + v9_flow(2))), five, ipfix(1, IPFIX),
               ipfix(2, flowset(1024, ipfix_flow(3))))
        first, second, third, fourth = c.events(4)
    equal((first["version"], first["l4_src_port"], first["first_switched"]), (9, 1, "2023-11-14T22:13:11.000Z"))
    equal((second["l4_src_port"], second["flowset_id"], second["flow_seq_num"]), (2, 1024, 2))
    equal((third["version"], third["l4_dst_port"], third["last_switched"]), (5, 53, "2023-11-14T22:13:19.000Z"))
    equal((fourth["version"], fourth["sourceTransportPort"], fourth["octetDeltaCount"]), (10, 3, 4200))


def case_a_burst_keeps_its_order_behind_its_template(p):
    with tempfile.TemporaryDirectory() as folder, collector(p, folder) as c, Exporter(c.port) as e:
        for start in range(0, 1000, 20):  # what a small socket buffer holds, however busy the machine is
            e.send(v9(start, V9), *(v9(n, flowset(1024, v9_flow(n))) for n in range(start, start + 20)))
            ports = [event["l4_src_port"] for event in c.events(20)]
            equal(sorted(ports), list(range(start, start + 20)))


def case_templates_outlive_a_restart(p):
    with tempfile.TemporaryDirectory() as folder:
        options = f'cache_save_path => "{folder}"'
        with collector(p, folder, options) as c, Exporter(c.port) as e:
            e.send(v9(1, V9, flowset(1024, v9_flow(1))), ipfix(1, IPFIX, flowset(1024, ipfix_flow(2))))
            c.events(2)
        with collector(p, folder, options) as c, Exporter(c.port) as e:
            e.send(v9(2, flowset(1024, v9_flow(3))), ipfix(2, flowset(1024, ipfix_flow(4))))
            first, second = c.events(2)
    equal((first["l4_src_port"], second["sourceTransportPort"]), (3, 4))
