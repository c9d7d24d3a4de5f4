"""kill -9 at random moments under load, with the queue on disk: nothing that was acknowledged may be missing."""
import random
import time

from checks import Failed, free_port
from engine import Engine, wait_until
from receivers import FileReceiver, SearchReceiver
from senders import Ids, LumberjackClient, TcpClient

# Small files and frequent checkpoints, so that each round meets segments that begin and end.
OPTIONS = ["--queue.page_capacity", "256kb", "--queue.max_bytes", "64mb", "--queue.checkpoint.acks", "200",
           "--queue.checkpoint.writes", "200"]


def deliver_the_rest(bench, folder, config, port, options):
    engine = bench.closing(Engine(bench.binary, folder, config, options))
    engine.ready(port)
    wait_until(lambda: engine.queue()["events_count"] == 0, 120, lambda: f"the queue is empty: {engine.queue()}")
    if engine.stop() != 0:
        raise Failed(f"the engine did not end well: {engine.last_lines()}")


def compare(bench, promised, counts, once=False):
    """`once`: an event that came twice is a failure too."""
    missing = sorted(set(promised) - set(counts))
    twice = sum(1 for n in counts.values() if n > 1)
    bench.note(f"{len(promised)} events promised, {len(missing)} missing, {twice} came more than once")
    if missing:
        raise Failed(f"{len(missing)} promised events are missing: {missing[:10]} ...")
    if once and twice:
        raise Failed(f"{twice} events are there more than once")
    if len(promised) < 50 * bench.rounds:
        raise Failed(f"too few events to say anything: {len(promised)}")


def kill_under_beats(bench, config, port, options=(), queue="persisted"):
    """Rounds of clients that send again what was not acknowledged, and an engine that is killed. The numbers of the events
    that were acknowledged, and the seconds that the slowest start took."""
    dice, ids, acknowledged = random.Random(bench.seed), Ids(), set()
    unacknowledged = [[] for _ in range(3)]
    slowest = 0.0
    for _ in range(bench.rounds):
        engine = bench.closing(Engine(bench.binary, bench.folder, config, options, queue=queue))
        slowest = max(slowest, engine.ready(port))
        clients = [LumberjackClient(port, ids, acknowledged, mine) for mine in unacknowledged]
        for client in clients:
            client.start()
        time.sleep(dice.uniform(0.02, 0.6))
        engine.kill()
        for client in clients:
            client.join(30)
            if client.problem or client.is_alive():
                raise Failed(f"a client is in trouble: {client.problem}")
    return acknowledged, slowest


def beats(bench, receiver, options, once=False):
    """Every window that was acknowledged is found."""
    port = free_port()
    config = f'input {{ beats {{ host => "127.0.0.1" port => {port} }} }} output {{ {receiver.output} }}'
    acknowledged, slowest = kill_under_beats(bench, config, port, options)
    deliver_the_rest(bench, bench.folder, config, port, options)
    bench.note(f"the slowest start took {slowest * 1000:.0f} ms")
    if slowest > 1:
        raise Failed(f"a start took {slowest:.2f} s")
    compare(bench, acknowledged, receiver.counts(), once)


def beats_to_file(bench):
    beats(bench, bench.closing_receiver(FileReceiver(bench.folder)), OPTIONS)


def beats_to_search(bench):
    beats(bench, bench.closing_receiver(SearchReceiver(trouble=0.1, seed=bench.seed)),
          [*OPTIONS, "--queue.compression", "speed"])


def beats_to_search_once(bench):
    receiver = SearchReceiver(trouble=0.1, seed=bench.seed, automatic_ids=True)
    beats(bench, bench.closing_receiver(receiver), OPTIONS, once=True)


def tcp_to_search(bench):
    """Whatever the queue has once shown as written is found, in one document."""
    receiver = bench.closing_receiver(SearchReceiver(trouble=0.1, seed=bench.seed, automatic_ids=True))
    folder, port = bench.folder, free_port()
    config = (f'input {{ tcp {{ host => "127.0.0.1" port => {port} codec => json_lines }} }} '
              f'output {{ {receiver.output} }}')
    # One worker writes the events in the order in which they were sent; of several one may lag behind the others.
    options = [*OPTIONS, "--pipeline.workers", "1"]
    dice, ids, promised = random.Random(bench.seed), Ids(), set()
    for _ in range(bench.rounds):
        engine = bench.closing(Engine(bench.binary, folder, config, options))
        engine.ready(port)
        client = TcpClient(port, ids)
        client.start()
        end = time.monotonic() + dice.uniform(0.05, 0.6)
        written = 0
        while written == 0 or time.monotonic() < end:
            written = engine.queue()["events_written"]
            time.sleep(dice.uniform(0, 0.02))
        engine.kill()
        client.stopped.set()
        client.join(30)
        promised.update(client.numbers[:written])
    deliver_the_rest(bench, folder, config, port, options)
    compare(bench, promised, receiver.counts(), once=True)
