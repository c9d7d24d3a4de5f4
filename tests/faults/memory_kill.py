"""kill -9 at random moments under load, with the queue in memory: what was acknowledged was delivered, and with automatic
document ids it is there once."""
import random
import threading
import time

from checks import Failed, free_port
from engine import Engine, wait_until
from queue_kill import compare, kill_under_beats
from receivers import SearchReceiver
from senders import Ids


def beats_to_search(bench):
    """Clients send again what was not acknowledged."""
    receiver = bench.closing_receiver(SearchReceiver(trouble=0.1, seed=bench.seed, automatic_ids=True))
    port = free_port()
    config = f'input {{ beats {{ host => "127.0.0.1" port => {port} }} }} output {{ {receiver.output} }}'
    acknowledged, _ = kill_under_beats(bench, config, port, queue="memory")
    # What is acknowledged has been confirmed by the server: there is nothing left to wait for.
    compare(bench, acknowledged, receiver.counts(), once=True)


class Writer(threading.Thread):
    """Appends lines to a file, and remembers them."""

    def __init__(self, path, ids):
        super().__init__(daemon=True)
        self._path, self._ids = path, ids
        self.numbers = set()
        self.stopped = threading.Event()

    def run(self):
        with open(self._path, "a") as out:
            while not self.stopped.is_set():
                numbers = self._ids.take(100)
                out.write("".join(f"id={n};\n" for n in numbers))
                out.flush()
                self.numbers.update(numbers)
                time.sleep(0.005)


def file_to_search(bench):
    """Every line of a file that grows is one document in the end, however often it was read."""
    receiver = bench.closing_receiver(SearchReceiver(trouble=0.1, seed=bench.seed, automatic_ids=True))
    path = bench.folder / "grows.log"
    path.touch()
    config = (f'input {{ file {{ path => "{path}" start_position => beginning sincedb_path => "{bench.folder}/sincedb" '
              f'stat_interval => "10 ms" sincedb_write_interval => "50 ms" }} }} output {{ {receiver.output} }}')
    dice = random.Random(bench.seed)
    writer = Writer(path, Ids())
    writer.start()
    for _ in range(bench.rounds):
        engine = bench.closing(Engine(bench.binary, bench.folder, config, queue="memory"))
        before = len(receiver.counts())
        wait_until(lambda: len(receiver.counts()) > before, 30, lambda: f"events arrive: {engine.last_lines()}")
        time.sleep(dice.uniform(0, 0.4))
        engine.kill()
    writer.stopped.set()
    writer.join()
    engine = bench.closing(Engine(bench.binary, bench.folder, config, queue="memory"))
    wait_until(lambda: writer.numbers <= set(receiver.counts()), 120, lambda: f"all lines arrive: {engine.last_lines()}")
    if engine.stop() != 0:
        raise Failed(f"the engine did not end well: {engine.last_lines()}")
    compare(bench, writer.numbers, receiver.counts(), once=True)
