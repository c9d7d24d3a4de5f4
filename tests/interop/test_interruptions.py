"""The main job while connections are cut and the search server goes away and comes back: nothing may be lost."""
import time

from harness.lines import Lines, SteadyWriter
from harness.process import Failed, wait_until
from harness.proxy import CuttingProxy
from harness.search import Server

WINDOW, PIPELINING = 64, 2  # Filebeat's events in one window, and windows that it sends before it waits for an ACK
OPEN = (PIPELINING + 1) * WINDOW  # events on their way: one window more is handed to the connection by then


def cut_with_answers_held(proxy):
    """The target has taken something whose confirmation does not come back: sending it again is unavoidable."""
    proxy.hold_answers()
    wait_until(lambda: proxy.held_bytes > 0, 20, "an answer to hold back")
    proxy.cut()


def interrupted(bench, kind, with_ids, kill=False):
    """Lines are written all the time, while Filebeat's connection is cut five times and the server is away once."""
    bench.parts.filebeat()
    server = bench.server(kind)
    engine = bench.engine(bench.main_conf_with_ids("uid") if with_ids else None, hosts=server.url)
    beats = CuttingProxy(engine.beats)
    bench.closing.append(beats.close)
    folder = bench.folder / "in"
    folder.mkdir()
    lines = Lines("i")
    writer = SteadyWriter(folder / "app.log", lines)
    bench.closing.append(writer.stop)
    filebeat = bench.filebeat(
        [{"type": "filestream", "id": "app", "paths": [str(folder / "app.log")], "prospector.scanner.check_interval": "500ms"}],
        {"output.logstash": {"hosts": [f"127.0.0.1:{beats.port}"], "bulk_max_size": WINDOW, "pipelining": PIPELINING,
                             "backoff.init": "200ms", "backoff.max": "1s", "timeout": "20s"}})
    wait_until(lambda: server.total("logs-*") > 500, 60, lambda: f"the first documents: {engine.process.last_lines()}")
    time.sleep(1)
    beats.cut()
    time.sleep(1)
    cut_with_answers_held(beats)
    time.sleep(1)

    if kill:
        server.kill()
    else:
        server.stop()
    written_before = lines.count
    time.sleep(3)
    beats.cut()
    time.sleep(1)
    server.start()
    bench.note(f"{lines.count - written_before} lines were written while the server was away")
    wait_until(lambda: server.total("logs-*") > written_before, 60, lambda: f"documents again: {engine.process.last_lines()}")
    cut_with_answers_held(beats)
    time.sleep(1)
    beats.cut()
    time.sleep(1)

    writer.stop()
    lines.wait(server, 120)
    filebeat.stop()
    engine.stop()  # drains: what is still on its way is counted too
    lost, twice = lines.missing(server), lines.duplicates(server)
    bench.note(f"{lines.count} lines, {beats.cuts} cuts, 1 {'kill' if kill else 'stop'} of the server: {len(lost)} lost, "
               f"{sum(twice.values())} documents too many ({OPEN} events on their way at a time)")
    if lost:
        raise Failed(f"{len(lost)} lines are lost: {sorted(lost)[:5]}")
    if with_ids and twice:
        raise Failed(f"{len(twice)} lines have more than one document in spite of document_id: {sorted(twice.items())[:5]}")
    # A cut takes at most the open windows with it. At the stop, so may the requests that had no answer yet; the engine
    # confirms a window only when it is written, so these are no more events than the open windows either.
    most = (beats.cuts + 1) * OPEN
    if sum(twice.values()) > most:
        raise Failed(f"{sum(twice.values())} documents too many; the open windows explain {most}")


def test_elasticsearch_8_restarted_and_connections_cut(bench):
    interrupted(bench, "elasticsearch8", with_ids=False)


def test_elasticsearch_8_restarted_and_connections_cut_with_document_id(bench):
    interrupted(bench, "elasticsearch8", with_ids=True)


def test_elasticsearch_8_killed_and_connections_cut_with_document_id(bench):
    interrupted(bench, "elasticsearch8", with_ids=True, kill=True)


def test_opensearch_2_restarted_and_connections_cut_with_document_id(bench):
    interrupted(bench, "opensearch2", with_ids=True)


def test_elasticsearch_8_away_at_the_start_for_longer_than_filebeat_waits(bench):
    """Filebeat sends again what nobody confirmed for `timeout`. The engine tells it in time that it is still at work, so that
    nothing is sent again, and nothing is there twice."""
    bench.parts.filebeat()
    server = Server(bench, "elasticsearch8")  # not started yet
    engine = bench.engine(hosts=server.url)
    folder = bench.folder / "in"
    folder.mkdir()
    lines = Lines("w")
    (folder / "app.log").write_text("".join(line + "\n" for line in lines.make(8000)), "utf-8")
    filebeat = bench.filebeat(
        [{"type": "filestream", "id": "app", "paths": [str(folder / "app.log")], "prospector.scanner.check_interval": "500ms"}],
        {"output.logstash": {"hosts": [f"127.0.0.1:{engine.beats}"], "timeout": "6s"}})
    time.sleep(14)
    memory = engine.process.peak_memory_mib()
    server.start()
    lines.wait(server, 90)
    filebeat.stop()
    engine.stop()
    twice = lines.duplicates(server)
    again = [line for line in filebeat.process.text().splitlines() if "Failed to publish" in line]
    bench.note(f"{lines.count} lines, the server came 14 s later and then took its time to start: 0 lost, {sum(twice.values())} documents too many; "
               f"pipeline had at most {memory} MiB meanwhile")
    if twice or again:
        raise Failed(f"{len(twice)} lines have more than one document; Filebeat: {again[:2]}")


def test_engine_restarted_while_filebeat_writes(bench):
    """SIGTERM and a new start of the engine itself, with Filebeat going on: nothing is lost, and the drain confirms what it
    has written, so that nothing is there twice."""
    bench.parts.filebeat()
    engine = bench.engine()
    front = CuttingProxy(engine.beats)  # keeps the port while the engine is away
    bench.closing.append(front.close)
    folder = bench.folder / "in"
    folder.mkdir()
    lines = Lines("r")
    writer = SteadyWriter(folder / "app.log", lines, a_second=3000)
    bench.closing.append(writer.stop)
    filebeat = bench.filebeat(
        [{"type": "filestream", "id": "app", "paths": [str(folder / "app.log")], "prospector.scanner.check_interval": "500ms"}],
        {"output.logstash": {"hosts": [f"127.0.0.1:{front.port}"], "bulk_max_size": WINDOW, "backoff.init": "200ms",
                             "backoff.max": "1s"}})
    for _ in range(3):
        seen = engine.embedded.total("logs-*")
        search = engine.embedded
        wait_until(lambda: search.total("logs-*") > seen + 5000, 60, lambda: f"documents: {engine.process.last_lines()}")
        engine.stop()
        time.sleep(1)
        engine = bench.engine()
        front.target = engine.beats
    writer.stop()
    lines.wait(engine.embedded, 60)
    filebeat.stop()
    lost, twice = lines.missing(engine.embedded), lines.duplicates(engine.embedded)
    bench.note(f"{lines.count} lines, 3 restarts: {len(lost)} lost, {sum(twice.values())} documents too many")
    if lost or twice:
        raise Failed(f"{len(lost)} lost, {len(twice)} twice: {sorted(lost)[:3]} {sorted(twice)[:3]}")
    engine.stop()
