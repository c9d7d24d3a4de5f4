"""Servers that take some documents and not others: too busy for them, or unable to read them."""
import json

from harness.lines import Lines
from harness.process import Failed, wait_until


def ship(bench, server, text):
    folder = bench.folder / "in"
    folder.mkdir()
    (folder / "app.log").write_text(text, "utf-8")
    engine = bench.engine(hosts=server.url)
    filebeat = bench.filebeat(
        [{"type": "filestream", "id": "app", "paths": [str(folder / "app.log")], "prospector.scanner.check_interval": "500ms"}],
        {"output.logstash": {"hosts": [f"127.0.0.1:{engine.beats}"], "bulk_max_size": 512}})
    return engine, filebeat


def too_busy(bench, kind, settings):
    """What is refused with 429 is sent again, and only that: every line has exactly one document."""
    bench.parts.filebeat()
    server = bench.server(kind, settings)
    lines = Lines("b")
    engine, filebeat = ship(bench, server, "".join(line + "\n" for line in lines.make(20000)))
    for _ in range(20):
        engine.send_tcp(lines.make(500))
    lines.wait(server, 150)
    filebeat.stop()
    engine.stop()
    pools = server.good("GET", "/_nodes/stats/thread_pool,indexing_pressure")["nodes"].values()
    rejected = sum(node["thread_pool"]["write"]["rejected"]
                   + node.get("indexing_pressure", {}).get("memory", {}).get("total", {}).get("coordinating_rejections", 0)
                   for node in pools)
    twice = lines.duplicates(server)
    bench.note(f"{lines.count} lines; the server was too busy {rejected} times; {sum(twice.values())} documents too many")
    bench.check(rejected > 0, "the server was never too busy: this shows nothing")
    if twice:
        raise Failed(f"{len(twice)} lines have more than one document")


def test_elasticsearch_8_with_a_short_queue(bench):
    too_busy(bench, "elasticsearch8", {"node.processors": 1, "thread_pool.write.queue_size": 12})


def test_opensearch_2_with_a_short_queue(bench):
    too_busy(bench, "opensearch2", {"node.processors": 1, "thread_pool.write.queue_size": 12})


def unreadable_documents(bench, kind):
    """Documents that do not fit the index are refused for good; the others around them get through, and so does their ACK."""
    bench.parts.filebeat()
    server = bench.server(kind)
    rows = [{"uid": f"m-{n:06}", "timestamp": "2024-01-02T03:04:05Z", "tenant": "acme",
             "size": "very large" if n % 100 == 50 else n} for n in range(2000)]
    server.good("PUT", "/logs-acme-2024.01", {"mappings": {"properties": {"size": {"type": "long"}}}})
    engine, filebeat = ship(bench, server, "".join(json.dumps(row) + "\n" for row in rows))
    wait_until(lambda: server.total("logs-*") >= 1980, 60, lambda: f"the good documents: {server.counts('logs-*')}")
    later = Lines("z")
    engine.send_tcp(later.make(90))
    later.wait(server, 30)
    filebeat.stop()
    registry = "".join(path.read_text("utf-8") for path in filebeat.data.glob("registry/filebeat/*.json"))
    size = (bench.folder / "in" / "app.log").stat().st_size
    engine.stop()
    found = server.values("logs-acme-2024.01", "uid.keyword", {"prefix": {"uid.keyword": "m-"}})
    good = {row["uid"]: 1 for row in rows if row["size"] != "very large"}
    if found != good:
        raise Failed(f"{len(found)} documents of 1980: {[uid for uid in good if uid not in found][:3]} are missing")
    if f'"offset":{size}' not in registry.replace(" ", ""):
        raise Failed("Filebeat has no ACK for the whole file")
    log = engine.process.text()
    if "size" not in log or "document_parsing_exception" not in log and "mapper_parsing_exception" not in log:
        raise Failed(f"the engine does not say what was refused: {engine.process.last_lines()}")


def test_elasticsearch_8_and_documents_that_do_not_fit(bench):
    unreadable_documents(bench, "elasticsearch8")


def test_opensearch_2_and_documents_that_do_not_fit(bench):
    unreadable_documents(bench, "opensearch2")
