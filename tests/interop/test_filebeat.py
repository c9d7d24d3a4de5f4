"""The main job: Filebeat, TCP and UDP into main.conf, into a real search server, counted by tenant and month."""
import json

from harness.lines import Lines
from harness.process import Failed, wait_until

JSON_LINES, TCP_LINES, UDP_LINES, PLAIN_LINES, TRACES = 6000, 900, 300, 400, 50


def inputs(folder):
    """Two files as filestream inputs, and one with stack traces as a log input with multiline."""
    def stream(name, **more):
        return {"type": "filestream", "id": name, "paths": [str(folder / f"{name}.log")],
                "prospector.scanner.check_interval": "500ms", **more}

    return [stream("json"), stream("plain", fields={"tenant": "Plain-Team"}),
            {"type": "log", "paths": [str(folder / "traces.log")], "scan_frequency": "500ms", "fields_under_root": True,
             "fields": {"tenant_id": "traces"}, "multiline": {"pattern": r"^\d{4}-", "negate": True, "match": "after",
                                                             "timeout": "1s"}}]


def write(folder, lines):
    folder.mkdir()
    (folder / "json.log").write_text("".join(line + "\n" for line in lines.make(JSON_LINES)), "utf-8")
    (folder / "plain.log").write_text("".join(f"plain-{n} just words\n" for n in range(PLAIN_LINES)), "utf-8")
    (folder / "traces.log").write_text("".join(f"2024-01-02 trace-{n}\n  at a.b.C({n})\n  at d.e.F\n" for n in range(TRACES))
                                       + "2024-01-02 the end\n", "utf-8")


def expect_messages(search, pattern, wanted):
    found = {}
    for index in search.counts(pattern):
        found.update(search.values(index, "message.keyword"))
    if found != {message: 1 for message in wanted}:
        raise Failed(f"{pattern} has {len(found)} messages, not exactly the {len(wanted)} that were written; "
                     f"missing {[m for m in wanted if m not in found][:2]}, more than one "
                     f"{[m for m, times in found.items() if times > 1][:2]}, strange {[m for m in found if m not in wanted][:2]}")


def expect_documents(search, lines):
    """What main.conf makes of a line."""
    document = search.one("logs-*", "uid.keyword", "t-000001")
    line = {"uid": "t-000001", "level": "WARN", "tenant_id": "beta", "service_name": "shop-1", "environment": "test",
            "@timestamp": "2024-01-02T01:01:07.001Z", "type": "beats"}
    for name, value in line.items():
        if document.get(name) != value:
            raise Failed(f"{name} is {document.get(name)!r}, not {value!r}: {json.dumps(document)}")
    if not {"service:shop-1", "env:test"} <= set(document["tags"]) or not document["processed_at"].startswith("20"):
        raise Failed(f"tags or processed_at are not as main.conf says: {json.dumps(document)}")
    if document["message"] != 'order 1 \u2014 gr\u00fc\u00df "quoted"\tand x' or "@metadata" in document:
        raise Failed(f"the message is not the line's, or @metadata is there: {json.dumps(document)}")
    for uid, kind in ((f"t-{JSON_LINES + 1:06}", "backend"), (f"t-{JSON_LINES + TCP_LINES + 1:06}", "backend_udp")):
        if search.one("logs-*", "uid.keyword", uid).get("type") != kind:
            raise Failed(f"{uid} is not of type {kind}")
    for index, uids in lines.expected.items():
        count = search.counts(index).get(index, 0)
        if count != len(uids):
            raise Failed(f"{index} has {count} documents, not {len(uids)}")


def main_job(bench, kind):
    bench.parts.filebeat()  # skip before a server is started
    server = bench.server(kind)
    engine = bench.engine(hosts=server.url)
    lines, folder = Lines(), bench.folder / "in"
    write(folder, lines)
    filebeat = bench.filebeat(inputs(folder), {"output.logstash": {"hosts": [f"127.0.0.1:{engine.beats}"]}})
    engine.send_tcp(lines.make(TCP_LINES))
    engine.send_udp(lines.make(UDP_LINES))
    lines.wait(server, 90)
    # The last trace is complete only when Filebeat's time for it is over.
    wait_until(lambda: server.total("logs-plain-team-*") >= PLAIN_LINES and server.total("logs-traces-*") > TRACES, 30,
               lambda: f"plain lines and traces: {server.counts('logs-*')}")
    filebeat.stop()
    engine.stop()
    if lines.duplicates(server):
        raise Failed(f"{len(lines.duplicates(server))} lines have more than one document, without any interruption")
    expect_messages(server, "logs-plain-team-*", [f"plain-{n} just words" for n in range(PLAIN_LINES)])
    expect_messages(server, "logs-traces-*", [f"2024-01-02 trace-{n}\n  at a.b.C({n})\n  at d.e.F" for n in range(TRACES)]
                    + ["2024-01-02 the end"])
    expect_documents(server, lines)
    counts = server.counts("logs-*")
    bench.note(f"{sum(counts.values())} documents in {len(counts)} indices: "
               + ", ".join(f"{index} {count}" for index, count in sorted(counts.items())))


def test_main_job_into_elasticsearch_8(bench):
    main_job(bench, "elasticsearch8")


def test_main_job_into_opensearch_2(bench):
    main_job(bench, "opensearch2")


def test_main_job_into_elasticsearch_7(bench):
    main_job(bench, "elasticsearch7")
