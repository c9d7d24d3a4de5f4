"""What a test works with: a folder, the engine, Filebeat, servers. Leaving it stops every process."""
import json
import pathlib
import shutil
import socket
import time

from harness.process import Failed, Process, free_port, listens
from harness.search import Search, Server

__all__ = ["Bench", "Failed"]

MAIN_CONF = pathlib.Path(__file__).resolve().parents[3] / "pipelines" / "main.conf"
# Set by the tests alone: what the one who runs them has in the environment must not lead elsewhere.
VARIABLES = ["ELASTICSEARCH_HOSTS", "ELASTICSEARCH_USER", "LOGSTASH_ES_PASSWORD", "ELASTICSEARCH_CA", "GEOIP_DATABASE",
             "DEFAULT_TENANT"]


class Bench:
    def __init__(self, folder, binary, parts):
        self.folder = folder
        self.binary = binary
        self.parts = parts
        self.processes = []
        self.closing = []
        self.notes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop(20)
        for close in self.closing:
            close()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def note(self, text):
        """A figure or fact to print with the result."""
        self.notes.append(text)

    def check(self, condition, text):
        if not condition:
            raise Failed(text)

    def server(self, kind, settings=None):
        return Server(self, kind, settings).start()

    def engine(self, config=None, hosts=None, **variables):
        return Engine(self, config or MAIN_CONF, hosts, variables)

    def main_conf(self):
        return MAIN_CONF.read_text("utf-8")

    def main_conf_with_ids(self, field):
        """main.conf as a file, its output with document_id => "%{field}"."""
        text = self.main_conf()
        line = '    index => "logs-'
        self.check(text.count(line) == 1, "main.conf has no index line to put document_id before")
        path = self.folder / "main-with-ids.conf"
        path.write_text(text.replace(line, f'    document_id => "%{{{field}}}"\n{line}'), "utf-8")
        return path

    def filebeat(self, inputs, output, more=None):
        return Filebeat(self, inputs, output, more)


class Engine:
    """`pipeline` with main.conf, or another config of the same inputs, on free ports."""

    def __init__(self, bench, config, hosts, variables):
        self.bench = bench
        self.beats, self.tcp, self.udp, self.api, self.index = (free_port() for _ in range(5))
        environment = {"BEATS_PORT": str(self.beats), "TCP_PORT": str(self.tcp), "UDP_PORT": str(self.udp), **variables}
        if hosts:
            environment["ELASTICSEARCH_HOSTS"] = hosts
        self.embedded = Search(self.index)
        self.process = Process("pipeline", [bench.binary, "-f", config, "--path.data", bench.folder / "pipeline-data",
                                            "--api.http.port", self.api, "--index.http.port", self.index],
                               bench.folder, {**dict.fromkeys(VARIABLES), **environment})
        bench.processes.append(self.process)
        self.process.ready(self._listens, 20)

    def _listens(self):
        # /proc and not a trial: a connection that comes and goes would be an event of a kind for the engine.
        number = f":{self.udp:04X} "
        with open("/proc/net/udp", encoding="ascii") as four, open("/proc/net/udp6", encoding="ascii") as six:
            bound = any(number in line.split("local_address")[-1] for file in (four, six) for line in file)
        return bound and listens(self.tcp) and listens(self.beats) and listens(self.api)

    def send_tcp(self, lines):
        with socket.create_connection(("127.0.0.1", self.tcp), 10) as stream:
            stream.sendall("".join(line + "\n" for line in lines).encode())

    def send_udp(self, lines):
        with socket.socket(type=socket.SOCK_DGRAM) as packets:
            for number, line in enumerate(lines):
                packets.sendto(line.encode() + b"\n", ("127.0.0.1", self.udp))
                if number % 20 == 19:
                    time.sleep(0.02)  # the kernel drops what exceeds the receiving socket's buffer, some 150 packets

    def stop(self):
        """Ends it as a service manager does, with its outputs reachable: it has to drain and end soon, with status 0."""
        memory, began = self.process.peak_memory_mib(), time.monotonic()
        status = self.process.stop(45)
        took = time.monotonic() - began
        self.bench.note(f"pipeline: at most {memory} MiB of memory, stopped in {took:.1f} s")
        self.bench.check(status == 0, f"pipeline ended with {'a kill: it did not stop in 45 s' if status is None else status}")
        self.bench.check(took < 10, f"pipeline took {took:.1f} s to stop")


class Filebeat:
    """A Filebeat that reads files of the folder `in`. Config values are YAML's JSON subset."""

    def __init__(self, bench, inputs, output, more):
        program = bench.parts.filebeat()
        self.data = bench.folder / "filebeat-data"
        self.data.mkdir()
        (bench.folder / "module").mkdir()  # Filebeat complains when it is not there
        config = {"filebeat.inputs": inputs, "queue.mem": {"events": 4096, "flush.min_events": 512, "flush.timeout": "200ms"},
                  "filebeat.shutdown_timeout": "10s",
                  "logging": {"level": "info", "to_stderr": True, "metrics.enabled": False}, **output, **(more or {})}
        file = bench.folder / "filebeat.yml"
        file.write_text(json.dumps(config, indent=1), "utf-8")
        file.chmod(0o600)
        self.process = Process("filebeat", [program, "-e", "-c", file, "--path.home", bench.folder, "--path.data", self.data,
                                            "--path.logs", bench.folder], bench.folder)
        bench.processes.append(self.process)

    def stop(self):
        return self.process.stop(30)
