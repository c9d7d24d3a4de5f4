"""Filebeat with its own elasticsearch output, straight into the embedded index."""
import collections
import re

from harness.process import Failed, wait_until

COUNT = 3000


def straight(bench, pattern, output, more):
    """Every line has one document under the pattern."""
    bench.parts.filebeat()
    engine = bench.engine()
    search = engine.embedded
    folder = bench.folder / "in"
    folder.mkdir()
    wanted = {f"f-{n:06} straight \u2014 gr\u00fc\u00df": 1 for n in range(COUNT)}
    (folder / "app.log").write_text("".join(line + "\n" for line in wanted), "utf-8")
    filebeat = bench.filebeat(
        [{"type": "filestream", "id": "app", "paths": [str(folder / "app.log")], "prospector.scanner.check_interval": "500ms"}],
        {"output.elasticsearch": {"hosts": [search.url], **output}}, more)

    def what():
        trouble = re.findall(r"(?m)^.*(?:ERROR|WARN).*$", filebeat.process.text())
        return f"{COUNT} documents: {search.counts('*')}; Filebeat says: {trouble[-3:]}"

    wait_until(lambda: search.total(pattern) >= COUNT, 40, what, every=0.5)
    filebeat.stop()
    counts = search.counts(pattern)
    found = collections.Counter()
    for index in counts:
        hits = search.good("POST", f"/{index}/_search", {"size": 10000, "_source": ["message"]})["hits"]["hits"]
        found.update(hit["_source"]["message"] for hit in hits)
    if found != wanted or sum(counts.values()) != COUNT:
        raise Failed(f"{len(found)} different messages in {sum(counts.values())} documents, not {COUNT}")
    first = search.one(pattern, "log.offset", 0)
    if first["agent"]["version"] != "7.17.29" or not first["message"].startswith("f-000000 "):
        raise Failed(f"the first line's document is {first}")
    errors = [line for line in filebeat.process.text().splitlines() if "\tERROR\t" in line]
    if errors:
        raise Failed(f"Filebeat logs errors: {errors[:3]}")
    bench.note(f"{counts}")
    engine.stop()
    return search


def test_filebeat_into_the_embedded_index(bench):
    straight(bench, "straight-*", {"index": "straight-%{+yyyy.MM}"},
             {"setup.template.enabled": False, "setup.ilm.enabled": False})


def test_filebeat_into_the_embedded_index_with_its_template(bench):
    straight(bench, "straight-*", {"index": "straight-%{+yyyy.MM}"},
             {"setup.template.name": "straight", "setup.template.pattern": "straight-*", "setup.ilm.enabled": False})


def test_filebeat_into_the_embedded_index_with_defaults(bench):
    straight(bench, "filebeat-*", {}, {})


def test_filebeat_into_the_embedded_index_compressed(bench):
    straight(bench, "straight-*", {"index": "straight-%{+yyyy.MM}", "compression_level": 3, "worker": 2},
             {"setup.template.enabled": False, "setup.ilm.enabled": False})
