"""Configs that change while events flow: nothing is lost, nothing comes twice, and a bad change changes nothing."""
import collections
import json
import signal
import socket
import threading
import time
import urllib.request

from checks import check, equal, free_port
from engine import Engine, wait_until
from receivers import FileReceiver, SearchReceiver
from senders import Ids, LumberjackClient, TcpClient

RELOADS = 1000  # in the long form


class ReloadedEngine(Engine):
    """An engine whose config is a file that the test rewrites."""

    def __init__(self, binary, folder, config, options=(), queue="memory"):
        super().__init__(binary, folder, config, options, queue=queue)
        self.path = folder / "pipeline.conf"

    def reloads(self):
        """Null while the pipeline is stopped and started."""
        shown = figures(self)
        return shown["reloads"] if shown else None

    def change(self, config):
        """Writes the config, asks for a reload, and returns what came of it once it is done."""
        before = self.reloads()
        self.path.write_text(config)
        self.child.send_signal(signal.SIGHUP)

        def done():
            now = self.reloads()
            return now if now and now["successes"] + now["failures"] > before["successes"] + before["failures"] else None

        return wait_until(done, 60, lambda: f"the reload is done: {self.last_lines()}")


def changed(engine, config):
    before = engine.reloads()["successes"]
    equal(engine.change(config)["successes"], before + 1, f"the reload succeeds ({engine.last_lines()})")


def start(bench, config, port, **more):
    engine = bench.closing(ReloadedEngine(bench.binary, bench.folder / "engine", config, **more))
    engine.ready(port)
    return engine


def exactly_once(counts, wanted, what):
    missing = [n for n in wanted if n not in counts]
    twice = [n for n, times in counts.items() if times > 1]
    check(not missing, f"{what}: {len(missing)} of {len(wanted)} events are missing, such as {missing[:5]}")
    check(not twice, f"{what}: {len(twice)} events came twice, such as {twice[:5]}")


class LoadedRun:
    """An engine with a TCP client and a Lumberjack client that send all the time, and a config that `text_of(tcp, beats,
    round)` makes. The events come out at `receivers`."""

    def __init__(self, bench, text_of, receivers):
        self._bench, self._text_of, self._receivers, self._round = bench, text_of, receivers, 0
        self._ports = free_port(), free_port()
        self.engine = start(bench, text_of(*self._ports, 0), self._ports[1])
        ids, self._acknowledged = Ids(), set()
        self._tcp = TcpClient(self._ports[0], ids, pause=0.002)
        self._beats = LumberjackClient(self._ports[1], ids, self._acknowledged, [])
        self._tcp.start()
        self._beats.start()

    def reload(self, times):
        begin = time.monotonic()
        for _ in range(times):
            self._round += 1
            changed(self.engine, self._text_of(*self._ports, self._round))
        self._bench.note(f"{times} reloads in {time.monotonic() - begin:.1f} s")

    def finish(self):
        """Every event came out once."""
        self._tcp.stopped.set()
        self._tcp.join(60)
        check(not self._tcp.is_alive(), "the TCP client ends")
        wait_until(lambda: self._counts().keys() >= set(self._tcp.numbers), 60, "all lines are there")
        # The client must not hear of the end as a broken connection before what it has sent is acknowledged.
        check(self._beats.is_alive(), "the connection of the Lumberjack client stays open")
        equal(self.engine.stop(), 0, f"status of the engine ({self.engine.last_lines()})")
        self._beats.join(20)
        check(self._beats.problem is None, f"the Lumberjack client: {self._beats.problem}")
        counts = self._counts()
        wanted = self._acknowledged.union(self._tcp.numbers)
        missing = [n for n in wanted if n not in counts]
        twice = [n for n, times in counts.items() if times > 1]
        check(not missing, f"{len(missing)} of {len(wanted)} events are missing, such as {missing[:5]}")
        check(not twice, f"{len(twice)} events came twice, such as {twice[:5]}")
        self._bench.note(f"{sum(counts.values())} events, none lost, none twice")

    def _counts(self):
        counts = collections.Counter()
        for receiver in self._receivers:
            counts.update(receiver.counts())
        return counts


def conf(inputs, filters, outputs):
    return f"input {{ {inputs} }} filter {{ {filters} }} output {{ {outputs} }}"


def inputs_of(tcp, beats):
    return f"tcp {{ port => {tcp} codec => json_lines dns_reverse_lookup_enabled => false }} beats {{ port => {beats} }}"


def filters_change(bench):
    receiver = FileReceiver(bench.folder)

    def text(tcp, beats, n):
        return conf(inputs_of(tcp, beats), f'mutate {{ add_field => {{ "round" => "{n}" }} }}', receiver.output)

    run = LoadedRun(bench, text, [receiver])
    run.reload(RELOADS if bench.long else 100)
    run.finish()


def outputs_change(bench):
    files = []
    for name in ("even", "odd"):
        folder = bench.folder / name
        folder.mkdir()
        files.append(FileReceiver(folder))
    run = LoadedRun(bench, lambda tcp, beats, n: conf(inputs_of(tcp, beats), "", files[n % 2].output), files)
    run.reload(RELOADS if bench.long else 20)
    run.finish()


class Knocker(threading.Thread):
    """Connects to a port again and again, and counts who is refused."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self._port = port
        self.connections, self.refused, self.over = 0, [], threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self._port), 10):
                    self.connections += 1
            except OSError as e:
                self.refused.append(str(e))


def an_input_changes(bench):
    """One of three inputs is another one after every reload, on the same port."""
    receiver, port = FileReceiver(bench.folder), free_port()

    def text(tcp, beats, n):
        third = f'tcp {{ port => {port} codec => line type => "round{n}" dns_reverse_lookup_enabled => false }}'
        return conf(inputs_of(tcp, beats) + " " + third, "", receiver.output)

    run = LoadedRun(bench, text, [receiver])
    knocker = Knocker(port)
    knocker.start()
    run.reload(200 if bench.long else 10)
    knocker.over.set()
    knocker.join(20)
    check(not knocker.refused, f"{len(knocker.refused)} connections were refused, such as: {knocker.refused[:1]}")
    check(knocker.connections > 0, "connections were made")
    run.finish()


def send_line(port, number):
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b'{"message":"id=%d;"}\n' % number)


def wait_for(receiver, number, engine):
    wait_until(lambda: receiver.counts()[number] == 1, 20, lambda: f"event {number} is there: {engine.last_lines()}")


def an_error_and_its_end(bench):
    """What cannot be read, and what cannot start, leaves the config before at work; mended, it is taken."""
    receiver, tcp, taken = FileReceiver(bench.folder), free_port(), socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()

    def text(filters, port=tcp):
        return conf(f"tcp {{ host => '127.0.0.1' port => {port} codec => json_lines }}", filters, receiver.output)

    engine = start(bench, text(""), tcp)
    bad = {"a plugin that is not there": text("mutat { }"),
           "no config at all": "input {",
           "a file that is not there": text('translate { source => "a" target => "b" dictionary_path => "/nonexistent.yml" }'),
           "a port that is taken": text("", taken.getsockname()[1])}
    for number, (what, config) in enumerate(bad.items()):
        after = engine.change(config)
        equal((after["successes"], after["failures"]), (number, number + 1), what)
        check(after["last_error"] and after["last_error"]["message"], f"{what}: the API says why")
        send_line(tcp, number)
        wait_for(receiver, number, engine)
        changed(engine, text(f'mutate {{ add_tag => "{number}" }}'))
    engine.change(text("mutat { }"))
    equal(engine.stop(), 1, "status of an engine that runs another config than it should")
    taken.close()


def an_output_that_is_stuck(bench):
    """The address of the cluster was wrong: with the right one everything that waits is delivered."""
    receiver = bench.closing_receiver(SearchReceiver(automatic_ids=True))
    beats, nobody = free_port(), free_port()
    wrong = receiver.output.replace(str(receiver.port), str(nobody))
    engine = start(bench, conf(f"beats {{ port => {beats} }}", "", wrong), beats,
                   options=["--pipeline.drain_timeout", "1s"])
    acknowledged, waiting, ids = set(), [], Ids()
    client = LumberjackClient(beats, ids, acknowledged, waiting)
    client.start()
    wait_until(lambda: waiting, 20, "a window has been sent")
    changed(engine, conf(f"beats {{ port => {beats} }}", "", receiver.output))
    client.join(20)  # its connection was closed: it has to send again
    again = LumberjackClient(beats, ids, acknowledged, waiting)
    again.start()
    wait_until(lambda: len(acknowledged) > 200, 30, lambda: f"windows are acknowledged: {engine.last_lines()}")
    equal(engine.stop(), 0, "status of the engine")
    counts = receiver.counts()
    check(all(counts[n] == 1 for n in acknowledged), "each acknowledged event is one document")


def state_goes_on(bench):
    """A filter that did not change keeps what it has seen; one in front of it is another."""
    receiver, tcp = FileReceiver(bench.folder), free_port()

    def text(tag):
        return conf(f"tcp {{ port => {tcp} codec => json_lines }}",
                    f'mutate {{ add_tag => "{tag}" }} elapsed {{ start_tag => "begin" end_tag => "end" '
                    f'unique_id_field => "task" }} if "elapsed_match" not in [tags] {{ drop {{ }} }}', receiver.output)

    engine = start(bench, text("begin"), tcp)
    with socket.create_connection(("127.0.0.1", tcp), 10) as connection:
        connection.sendall(b'{"task":7,"message":"id=1;"}\n')
        wait_until(lambda: figures(engine)["events"]["out"] + figures(engine)["events"]["in"] > 0, 20, "it was read")
        changed(engine, text("end"))
        connection.sendall(b'{"task":7,"message":"id=2;"}\n')
        wait_for(receiver, 2, engine)
    equal(engine.stop(), 0, "status of the engine")


def figures(engine, pipeline="main"):
    with urllib.request.urlopen(f"http://127.0.0.1:{engine.api}/_node/stats/pipelines", timeout=10) as answer:
        return json.load(answer)["pipelines"].get(pipeline)


class SettingsEngine(ReloadedEngine):
    """An engine with a pipelines.yml."""

    def __init__(self, binary, folder, pipelines):
        self.yml = folder / "config" / "pipelines.yml"
        self.yml.parent.mkdir(parents=True)
        self.write(pipelines)
        super().__init__(binary, folder, "", ["--path.settings", str(self.yml.parent)])

    def command(self, binary, path, folder, queue, options):
        return [str(binary), "--path.data", str(folder / "data"), "--api.http.port", str(self.api), *options]

    def write(self, pipelines):
        self.yml.write_text(json.dumps(pipelines))  # which is YAML

    def tell(self, pipelines):
        self.write(pipelines)
        self.child.send_signal(signal.SIGHUP)


def pipelines_come_and_go(bench):
    """A pipeline that is removed ends, added again it runs, and with another queue it is the same pipeline."""
    receiver, first, second = FileReceiver(bench.folder), free_port(), free_port()

    def pipeline(name, port, **more):
        text = conf(f"tcp {{ port => {port} codec => json_lines }}", "", receiver.output)
        return {"pipeline.id": name, "config.string": text, **more}

    engine = bench.closing(SettingsEngine(bench.binary, bench.folder / "engine", [pipeline("main", first)]))
    engine.ready(first)
    send_line(first, 1)
    wait_for(receiver, 1, engine)
    both = [pipeline("main", first), pipeline("second", second)]
    for number in (2, 4):
        engine.tell(both)
        engine.ready(second)
        send_line(second, number)
        wait_for(receiver, number, engine)
        engine.tell(both[:1])
        wait_until(lambda: figures(engine, "second") is None, 20, "the pipeline is gone")
        send_line(first, number + 1)
        wait_for(receiver, number + 1, engine)
    engine.tell([pipeline("main", first, **{"queue.type": "persisted"})])
    wait_until(lambda: (figures(engine) or {"queue": {"type": ""}})["queue"]["type"] == "persisted", 20,
               "the queue is on disk")
    send_line(first, 6)
    wait_for(receiver, 6, engine)
    equal(engine.stop(), 0, "status of the engine")


def looks_by_itself(bench):
    """With config.reload.automatic nobody has to ask."""
    receiver, tcp = FileReceiver(bench.folder), free_port()

    def text(format_of):
        output = f'file {{ path => "{receiver.path}" codec => line {{ format => "{format_of}" }} }}'
        return conf(f"tcp {{ port => {tcp} codec => json_lines }}", "", output)

    engine = start(bench, text("before %{message}"), tcp,
                   options=["--config.reload.automatic", "--config.reload.interval", "100ms"])
    engine.path.write_text(text("behind %{message}"))
    wait_until(lambda: engine.reloads()["successes"] == 1, 20, "the change is seen")
    send_line(tcp, 1)
    wait_for(receiver, 1, engine)
    check("behind id=1;" in receiver.path.read_text(), "the new config is at work")
    equal(engine.stop(), 0, "status of the engine")
