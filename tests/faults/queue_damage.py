"""The files of a queue cut off and changed byte by byte, and a disk that is full."""
import json
import os
import random
import re
import shutil
import socket
import subprocess
import time

from checks import Failed, free_port
from engine import Engine, wait_until
from receivers import FileReceiver, SearchReceiver, ids_of
from senders import Ids, TcpClient, frames, wait_acknowledged

SEGMENT = "segment.0000000000000001"
RECORDS, EVENTS = 8, 5  # of the small queue, and of each record
FIRST_START_LIMIT = 1.0  # seconds


def small_queue(bench):
    """A queue with a few records that nobody has delivered, as `kill -9` left it."""
    folder, port = bench.folder / "origin", free_port()
    config = (f'input {{ beats {{ host => "127.0.0.1" port => {port} }} }} '
              f'output {{ elasticsearch {{ hosts => "http://127.0.0.1:{free_port()}" index => "logs" }} }}')
    engine = bench.closing(Engine(bench.binary, folder, config))
    engine.ready(port)
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.settimeout(30)
        for record in range(RECORDS):
            connection.sendall(frames(range(record * EVENTS, record * EVENTS + EVENTS)))
            wait_acknowledged(connection, EVENTS)
    engine.kill()
    return folder / "data" / "queue" / "main"


def ask(bench, *words):
    """Status and output of a queue command; anything but 0 and 1 is a crash."""
    done = subprocess.run([str(bench.binary), "queue", *map(str, words)], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    if done.returncode not in (0, 1) or done.stderr:
        raise Failed(f"pipeline queue {words} ended with {done.returncode}: {done.stderr[-400:]}")
    return done.returncode, done.stdout


def drained(bench, queue):
    """The events that the engine delivers from this queue, and how long it took."""
    folder = bench.folder / "drain"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(queue, folder / "data" / "queue" / "main")
    receiver = FileReceiver(folder)
    (folder / "pipeline.conf").write_text(f"input {{ stdin {{}} }} output {{ {receiver.output} }}")
    begin = time.monotonic()
    done = subprocess.run([str(bench.binary), "queue", "drain", "-f", str(folder / "pipeline.conf"), "--queue.type", "persisted",
                           "--path.data", str(folder / "data"), "--api.enabled", "false"],
                          capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Failed(f"the engine did not start: {done.stderr[-600:]}")
    return receiver.counts(), time.monotonic() - begin


def damaged_bytes(bench):
    """Cut at every byte of the last record, each byte flipped (a sample of them in the short form): the command names the
    place, the engine starts at once and delivers every other record."""
    origin = small_queue(bench)
    status, text = ask(bench, "verify", origin)
    records = int(re.search(r"(\d+) records", text).group(1))
    if status != 0 or f"{RECORDS * EVENTS} to be delivered" not in text:
        raise Failed(f"the small queue is not what it should be:\n{text}")
    whole = (origin / SEGMENT).read_bytes()
    last = len(whole) - (len(whole) - 64) // records
    dice = random.Random(bench.seed)
    cuts = [("cut", at) for at in range(last, len(whole))]
    flips = [("flip", at) for at in range(len(whole))]
    if not bench.long:
        cuts, flips = dice.sample(cuts, min(60, len(cuts))), dice.sample(flips, 140)
    copy, slowest = bench.folder / "copy", 0.0
    for number, (how, at) in enumerate(cuts + flips):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(origin, copy)
        changed = whole[:at] if how == "cut" else whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:]
        (copy / SEGMENT).write_bytes(changed)
        status, text = ask(bench, "verify", copy)
        left = int(re.search(r"events +(\d+) to be delivered", text).group(1))
        if left < RECORDS * EVENTS - EVENTS * (RECORDS // records + 1):
            raise Failed(f"{how} at byte {at}: only {left} events are left\n{text}")
        if status == 0 and left != RECORDS * EVENTS and how == "flip":
            raise Failed(f"{how} at byte {at}: not reported\n{text}")
        if status == 1 and f"{SEGMENT} at byte" not in text and "missing: events" not in text:
            raise Failed(f"{how} at byte {at}: the place is not named\n{text}")
        if number % 8:
            continue
        counts, seconds = drained(bench, copy)
        slowest = max(slowest, seconds)
        if len(counts) != left or any(n != 1 for n in counts.values()):
            raise Failed(f"{how} at byte {at}: verify says {left}, {len(counts)} were delivered")
        status, _ = ask(bench, "repair", copy)
        again, text = ask(bench, "verify", copy)
        exported = [ids_of(json.loads(line)["message"])[0] for line in ask(bench, "export", copy)[1].splitlines()]
        if status or again or sorted(exported) != sorted(counts):
            raise Failed(f"{how} at byte {at}: after the repair {len(exported)} events of {left}\n{text}")
    bench.note(f"{len(cuts)} cuts and {len(flips)} flips; the slowest start, delivery and end took {slowest * 1000:.0f} ms")
    if slowest > FIRST_START_LIMIT:
        raise Failed(f"a start with its delivery took {slowest:.2f} s")


def full_disk(bench):
    """A disk of its own for the queue becomes full: the client is held back, the log says so, and with the output back
    everything arrives, and the client goes on."""
    mount = bench.folder / "small"
    mount.mkdir()
    prefix = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=3m none "$0" && exec "$@"', str(mount)]
    if os.geteuid() != 0 or subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
        bench.skip("a file system of its own needs root and mount")
    search_port, port = free_port(), free_port()
    config = (f'input {{ tcp {{ host => "127.0.0.1" port => {port} codec => json_lines }} }} output {{ elasticsearch {{ '
              f'hosts => "http://127.0.0.1:{search_port}" index => "logs" manage_template => false ilm_enabled => false '
              f'compression_level => 0 retry_initial_interval => 1 retry_max_interval => 1 }} }}')
    engine = bench.closing(Engine(bench.binary, bench.folder, config,
                                  ["--path.queue", str(mount), "--queue.page_capacity", "512kb",
                                   "--pipeline.in_flight_bytes", "1mb"], prefix))
    engine.ready(port)
    client = TcpClient(port, Ids())
    client.start()
    try:
        wait_until(lambda: "cannot be written to the queue on disk" in engine.log.read_text(), 60,
                   lambda: f"the log says that the disk is full: {engine.queue()}")
        written = engine.queue()["events_written"]
        time.sleep(0.5)
        if engine.queue()["events_written"] != written or engine.child.poll() is not None:
            raise Failed("the engine writes to a full disk, or ended")
        receiver = bench.closing_receiver(SearchReceiver(search_port))
        wait_until(lambda: engine.queue()["events_written"] > written + 1000, 60, "the client goes on")
    finally:
        client.stopped.set()
        client.join(30)
    wait_until(lambda: len(receiver.counts()) >= len(client.numbers), 60,
               lambda: f"all of {len(client.numbers)} events: {len(receiver.counts())}, {engine.queue()}")
    if engine.stop() != 0:
        raise Failed(f"the engine did not end well: {engine.last_lines()}")
    bench.note(f"{written} events filled the disk; all of {len(client.numbers)} arrived")
