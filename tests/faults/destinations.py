"""What a destination can do wrong, as a table: each line says how it behaves, what the log says of it, and what becomes of the
events. The engine must live on, hold back what is not delivered, name who is to blame, and go on by itself."""
import dataclasses
import json
import socket
import subprocess
import threading
import typing
import urllib.error
import urllib.request

import bad_servers as bad
from bad_servers import BadServer
from checks import Failed, check, equal, free_port
from engine import Engine, wait_until
from receivers import ids_of
from senders import frames, wait_acknowledged

EVENTS = 24
PATIENCE = 20  # seconds
OPTIONS = ["--pipeline.stall_timeout", "300ms", "--pipeline.drain_timeout", "1s", "--dead_letter_queue.enable", "true",
           "--pipeline.workers", "1"]


@dataclasses.dataclass(frozen=True)
class Destination:
    """`log`: words of one line of the log. `held`: nothing is acknowledged before the server is healed, and the health report
    says so. `once`: no event is carried out twice, even without the help of its id. `letters`: numbers of the events that
    become dead letters; `dropped`: of those that are given up. `output`: more options, in the place of the same ones."""

    behave: typing.Optional[typing.Callable]
    log: tuple
    held: bool = True
    once: bool = True
    always: bool = False
    listening: bool = True
    letters: frozenset = frozenset()
    dropped: frozenset = frozenset()
    output: str = ""


def every(step, *rests):
    return frozenset(n for n in range(EVENTS) if n % step in rests)


BUSY = "Documents were refused for now; they are sent again"
AWAY = "Elasticsearch cannot be reached: the circuit is open, and events wait"
DESTINATIONS = {
    # Not there.
    "fault: the destination is down": Destination(None, (AWAY, "Connection refused"), listening=False),
    "fault: the destination resets connections": Destination(bad.resets, (AWAY, "Connection reset")),
    "fault: the destination hangs up": Destination(bad.hangs_up, (AWAY, "Empty reply")),
    # There, and late.
    "fault: the destination is slow": Destination(bad.slow(0.4), (), held=False),
    "fault: the destination accepts and never answers": Destination(bad.never_answers, (AWAY, "in time")),
    "fault: the destination never answers anything": Destination(bad.never_answers, (AWAY, "in time"), always=True),
    "fault: the destination answers headers and stops": Destination(bad.stops_after_headers, (AWAY, "in time"), once=False),
    # Ends in the middle.
    "fault: the answer is cut in the middle": Destination(bad.cut_in_the_middle, (AWAY, "bytes remaining"), once=False),
    "fault: a chunked answer is cut short": Destination(bad.chunks_cut_short, (AWAY, "failed"), once=False),
    # Says no to whole requests.
    "fault: the destination answers 429": Destination(bad.fails(429, "too busy"), ("is sent again", "too busy", "429")),
    "fault: the destination answers 503": Destination(bad.fails(503, "no master"), ("is sent again", "no master", "503")),
    "fault: the destination answers 500": Destination(bad.fails(500, "broken"), ("is sent again", "broken", "500")),
    "fault: the destination answers 400": Destination(bad.fails(400, "unreadable"), ("check the options of this output",)),
    "fault: the destination answers 401": Destination(
        bad.fails(401, "who are you"), ("refuses the credentials", "check user and password"),
        output='user => "writer" password => "wrong"'),
    "fault: the destination answers 403": Destination(
        bad.fails(403, "not you"), ("wants credentials and none are set", "403")),
    "fault: the destination answers 301": Destination(bad.fails(301, "elsewhere"), ("is sent again", "301")),
    "fault: the destination answers 413 to large requests": Destination(bad.too_large(5), (), held=False),
    "fault: the destination answers 413 to every event": Destination(
        bad.too_large(0), ("A single event is larger than the server takes",), held=False, letters=every(1, 0)),
    # Is no Elasticsearch.
    "fault: the destination speaks no HTTP": Destination(
        bad.says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), (AWAY, "failed"), always=True),
    "fault: the destination is a web page": Destination(
        bad.says(bad.answer(b"<html>Please sign in</html>", kind="text/html")), ("no Elasticsearch", "Please sign in")),
    "fault: the answer is empty": Destination(bad.says(bad.answer(b"")), ("no Elasticsearch",)),
    "fault: the answer is truncated JSON": Destination(bad.truncated_json, ("does not fit", "sent again"), once=False),
    "fault: the answer has too few items": Destination(bad.too_few_items, ("does not fit", "items_answered=>1")),
    "fault: the answer has no end": Destination(bad.without_end, (AWAY, "is larger than"), output="timeout => 20"),
    # Says no to a part of a request.
    "fault: items are refused with 429": Destination(bad.refuses_items(201, 429), (BUSY, "429", "refused by the test")),
    "fault: items are refused with 503": Destination(bad.refuses_items(201, 503), (BUSY, "503")),
    "fault: items are refused with 403": Destination(bad.refuses_items(201, 403), (BUSY, "403")),
    "fault: all items are refused with 429": Destination(bad.refuses_items(429), (BUSY, "429")),
    "fault: items are refused with 400 and 404": Destination(
        bad.refuses_items(201, 400, 404), (), held=False, letters=every(3, 1, 2)),
    "fault: items are there already, 409": Destination(
        bad.refuses_items(201, 409), ("there already",), held=False, dropped=every(2, 1),
        output='document_id => "%{message}"'),
    "fault: items with an automatic id are there already, 409": Destination(
        bad.refuses_items(201, 409), (), held=False, dropped=every(2, 1)),
    "fault: items are refused with everything at once": Destination(
        bad.refuses_items(201, 400, 429, 503, 409, 404), (BUSY, "429"), letters=every(6, 1, 5), dropped=every(6, 4)),
}


class Window(threading.Thread):
    """Sends events in one Lumberjack window, and waits for its acknowledgement."""

    def __init__(self, port, numbers):
        super().__init__(daemon=True)
        self._port, self._numbers = port, numbers
        self.acknowledged = threading.Event()
        self.problem = None

    def run(self):
        try:
            with socket.create_connection(("127.0.0.1", self._port), 10) as connection:
                connection.settimeout(60)
                connection.sendall(frames(self._numbers))
                wait_acknowledged(connection, len(self._numbers))
            self.acknowledged.set()
        except OSError as e:
            self.problem = e


def elasticsearch(hosts, more=""):
    """The output's text; `more`: `name => value` words that take the place of ours."""
    options = {"hosts": hosts, "index": '"logs"', "manage_template": "false", "ilm_enabled": "false", "timeout": "0.8",
               "compression_level": "0", "resurrect_delay": "0.1", "retry_initial_interval": "0.1",
               "retry_max_interval": "0.2", "document_id": '"auto"'}
    words = more.split()
    options |= {words[i]: words[i + 2] for i in range(0, len(words), 3)}
    return f'elasticsearch {{ {" ".join(f"{k} => {v}" for k, v in options.items())} }}'


class Scene:
    """An engine between a client and an output."""

    def __init__(self, bench, output, options=(), prefix=(), environment=None, more_inputs="",
                 more_filters=""):
        self.bench, self.port = bench, free_port()
        self.plugin = output.split()[0]
        config = (f'input {{ beats {{ host => "127.0.0.1" port => {self.port} }} {more_inputs} }}\n'
                  f'filter {{ {more_filters} }}\n'
                  f'output {{ {output} }}')
        self.engine = bench.closing(Engine(bench.binary, bench.folder, config, [*OPTIONS, *options], prefix,
                                           queue="memory", environment=environment))
        self.engine.ready(self.port)

    def send(self, numbers=range(EVENTS)):
        window = Window(self.port, numbers)
        window.start()
        return window

    def wait(self, condition, what):
        def check_alive():
            if self.engine.child.poll() is not None:
                raise Failed(f"the engine ended with status {self.engine.child.returncode}: {self.engine.last_lines()}")
            return condition()

        return wait_until(check_alive, PATIENCE, lambda: f"{what}: {self.engine.last_lines()}")

    def wait_log(self, *words):
        """A line of the log with all words."""
        self.wait(lambda: any(all(word in line for word in words)
                              for line in self.engine.log.read_text(errors="replace").splitlines()), f"a line with {words}")

    def ask(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.engine.api}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def wait_blamed(self, who=None):
        """The health report names the output, or `who`; the process itself is well."""
        who = who or f"output {self.plugin} at"
        self.wait(lambda: who in self.ask("/readyz")[1], f"the health report names {who}")
        equal(self.ask("/healthz")[0], 200, "/healthz")

    def wait_acknowledged(self, window):
        self.wait(lambda: window.acknowledged.is_set() or window.problem, "the window is acknowledged")
        check(not window.problem, f"the client's connection broke: {window.problem}")

    def letters(self, *options):
        """Numbers of the events that are dead letters."""
        done = subprocess.run([str(self.bench.binary), "dlq", "list", "--format", "json", "--path.data",
                               str(self.bench.folder / "data"), *options], capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, f"dlq list ended with {done.returncode}: {done.stderr}")
        return sorted(ids_of(line)[0] for line in done.stdout.splitlines())

    def stop(self):
        equal(self.engine.stop(PATIENCE), 0, f"the engine's status: {self.engine.last_lines()}")


def compare(server, wanted, once):
    """Every event of `wanted` is one document, carried out at least once, and with `once` exactly so."""
    equal(sorted(server.documents.values()), sorted(wanted), "documents")
    if once:
        twice = {n: times for n, times in server.taken.items() if times != 1}
        check(not twice, f"carried out more than once: {twice}")


def destination(bench, case):
    server = bench.closing_receiver(BadServer(case.behave, case.always, listening=case.listening))
    scene = Scene(bench, elasticsearch(f'"http://127.0.0.1:{server.port}"', case.output))
    window = scene.send()
    if case.log:
        scene.wait_log(*case.log)
    if case.held:
        scene.wait_blamed()
        check(not window.acknowledged.is_set(), "the window was acknowledged before it was delivered")
        if not case.listening:
            server.listen()
        server.heal()
    scene.wait_acknowledged(window)
    server.heal()
    after = scene.send(range(EVENTS, EVENTS + 5))
    scene.wait_acknowledged(after)
    scene.wait(lambda: scene.ask("/readyz")[0] == 200, "the engine is ready again")
    memory = scene.engine.peak_memory()
    check(memory < 250 << 20, f"{memory >> 20} MiB of memory were used")
    scene.stop()
    wanted = set(range(EVENTS + 5)) - case.letters - case.dropped
    compare(server, wanted, case.once)
    equal(scene.letters(), sorted(case.letters), "dead letters")


def tests():
    return {name: (lambda bench, case=case: destination(bench, case)) for name, case in DESTINATIONS.items()}
