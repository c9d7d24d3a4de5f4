"""A search server: asking it, and the real ones as processes."""
import collections
import json
import time
import urllib.error
import urllib.request

from harness.process import Failed, Process, free_port

JAVA = ["-Xms512m", "-Xmx512m", "-XX:+UseG1GC", "-Dlog4j2.formatMsgNoLookups=true",
        "--add-opens=java.base/java.io=ALL-UNNAMED", "--add-opens=java.base/java.nio.channels=ALL-UNNAMED"]


class Search:
    """Questions to whatever speaks Elasticsearch's HTTP interface at a port of 127.0.0.1."""

    def __init__(self, port):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, method, path, body=None):
        """Status and decoded answer; status 0 when nobody answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            status, text = answer.code, answer.read()
        except OSError as problem:
            return 0, str(problem)
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode("utf-8", "replace")

    def good(self, method, path, body=None):
        """The answer; Failed unless the status is 200. A server says 503 while it is still bringing an index up."""
        for _ in range(60):
            status, answer = self.ask(method, path, body)
            if status != 503:
                break
            time.sleep(0.5)
        if status != 200:
            raise Failed(f"{method} {path} answers {status}: {json.dumps(answer)[:400]}")
        return answer

    def answers(self):
        return self.ask("GET", "/_cluster/health")[0] == 200

    def counts(self, pattern):
        """Documents by index."""
        self.ask("POST", f"/{pattern}/_refresh")
        status, rows = self.ask("GET", f"/_cat/indices/{pattern}?format=json")
        if status != 200:
            return {}
        return {row["index"]: self.good("GET", f"/{row['index']}/_count")["count"] for row in rows}

    def total(self, pattern):
        return sum(self.counts(pattern).values())

    def values(self, index, field, query=None):
        """How many documents have each value of the field."""
        body = {"size": 0, "aggs": {"values": {"terms": {"field": field, "size": 65000}}}}
        if query:
            body["query"] = query
        found = self.good("POST", f"/{index}/_search", body)["aggregations"]["values"]
        if found["sum_other_doc_count"]:
            raise Failed(f"{index} has more values of {field} than an aggregation gives")
        return collections.Counter({bucket["key"]: bucket["doc_count"] for bucket in found["buckets"]})

    def one(self, pattern, field, value):
        """The source of the only document with this value."""
        hits = self.good("POST", f"/{pattern}/_search", {"query": {"term": {field: value}}})["hits"]["hits"]
        if len(hits) != 1:
            raise Failed(f"{len(hits)} documents have {field} {value}")
        return hits[0]["_source"]


class Server(Search):
    """A real Elasticsearch or OpenSearch. It can be stopped and started again with the same port and data."""

    def __init__(self, bench, kind, settings=None):
        super().__init__(free_port())
        self.settings = settings or {}
        self.part = bench.parts.search_server(kind)
        self.bench = bench
        self.kind = kind
        self.home = bench.folder / kind
        (self.home / "config").mkdir(parents=True)
        self.process = None

    def start(self):
        if (self.part / "modules").exists():
            modular = ["--module-path", self.part / "lib", "--add-modules", "ALL-MODULE-PATH", "-cp", self.part / "classes"]
            if not (self.home / "modules").exists():
                (self.home / "modules").symlink_to(self.part / "modules")
                (self.home / "plugins").mkdir()
        else:
            modular = ["-cp", f"{self.part / 'classes'}:{self.part / 'lib'}/*"]
        settings = {"cluster.name": "interop", "node.name": "interop", "discovery.type": "single-node",
                    "network.host": "127.0.0.1", "http.port": self.port, "transport.port": 0,
                    "path.data": self.home / "data", "path.logs": self.home / "logs",
                    "cluster.routing.allocation.disk.threshold_enabled": "false", **self.settings}
        self.process = Process(self.kind, ["java", *JAVA, f"-Dlog4j.configurationFile={self.part / 'log4j2.properties'}",
                                           *modular, "Server", self.home, *(f"{k}={v}" for k, v in settings.items())],
                               self.bench.folder)
        self.bench.processes.append(self.process)
        self.process.ready(self.answers, 180)
        return self

    def stop(self):
        return self.process.stop(60)

    def kill(self):
        """As if the power had gone."""
        self.process.child.kill()
        self.process.child.wait()
