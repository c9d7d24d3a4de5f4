"""Disks that are full: what is written to them waits, the log says which and why, and with room again everything goes on."""
import os
import pathlib
import re
import subprocess

import bad_servers as bad
from bad_servers import BadServer
from checks import check, equal
from destinations import EVENTS, Scene, compare, elasticsearch
from receivers import FileReceiver, ids_of

FULL = "No space left on device"


class Disk:
    """A small file system, which only the engine that runs under `prefix` sees at `path`."""

    def __init__(self, bench):
        self.path = bench.folder / "disk"
        self.path.mkdir()
        self.prefix = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=512k none "$0" && exec "$@"', str(self.path)]
        if os.geteuid() != 0 or subprocess.run([*self.prefix, "true"], capture_output=True).returncode != 0:
            bench.skip("a file system of its own needs root and mount")

    def seen(self, scene, name=""):
        """Where it is for the test."""
        return pathlib.Path(f"/proc/{scene.engine.child.pid}/root{self.path}") / name

    def fill(self, scene):
        with open(self.seen(scene, "filler"), "wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass

    def empty(self, scene):
        self.seen(scene, "filler").unlink()


def file_output(bench):
    disk = Disk(bench)
    receiver = FileReceiver(disk.path)
    scene = Scene(bench, receiver.output, prefix=disk.prefix)
    disk.fill(scene)
    window = scene.send()
    scene.wait_log(str(receiver.path), FULL)
    scene.wait_blamed()
    check(not window.acknowledged.is_set(), "the window was acknowledged before it was written")
    disk.empty(scene)
    scene.wait_acknowledged(window)
    equal(sorted(ids_of(disk.seen(scene, "out.log").read_text())), list(range(EVENTS)), "lines")
    scene.stop()


def dead_letters(bench):
    disk = Disk(bench)
    server = bench.closing_receiver(BadServer(bad.refuses_items(201, 400)))
    scene = Scene(bench, elasticsearch(f'"http://127.0.0.1:{server.port}"'),
                  ["--path.dead_letter_queue", str(disk.path)], disk.prefix)
    disk.fill(scene)
    window = scene.send()
    scene.wait_log(str(disk.path), FULL)
    scene.wait_blamed("the dead letter queue of pipeline main")
    check(not window.acknowledged.is_set(), "the window was acknowledged before its letters were written")
    disk.empty(scene)
    scene.wait_acknowledged(window)
    equal(scene.letters("--path.dead_letter_queue", str(disk.seen(scene))), list(range(1, EVENTS, 2)), "dead letters")
    scene.stop()
    compare(server, range(0, EVENTS, 2), once=True)


def file_positions(bench):
    disk = Disk(bench)
    server = bench.closing_receiver(BadServer())
    source, sincedb = bench.folder / "source.log", disk.path / "sincedb"
    source.touch()
    scene = Scene(bench, elasticsearch(f'"http://127.0.0.1:{server.port}"'), prefix=disk.prefix, more_inputs=(
        f'file {{ path => "{source}" start_position => beginning sincedb_path => "{sincedb}" stat_interval => "10 ms" '
        f'sincedb_write_interval => "20 ms" }}'))
    scene.wait(lambda: disk.seen(scene, "sincedb").exists(), "the position is saved")
    disk.fill(scene)
    source.write_text("".join(f"id={n};\n" for n in range(EVENTS)))
    scene.wait(lambda: len(server.documents) == EVENTS, "the lines arrive")
    scene.wait_log(str(sincedb), FULL)
    disk.empty(scene)

    def position():
        return int(re.match(r"\d+ \d+ \d+ (\d+) ", disk.seen(scene, "sincedb").read_text()).group(1))

    scene.wait(lambda: position() == source.stat().st_size, "the position is saved")
    scene.stop()
    compare(server, range(EVENTS), once=True)


TESTS = {
    "fault: the disk of the file output is full": file_output,
    "fault: the disk of the dead letters is full": dead_letters,
    "fault: the disk of file positions is full": file_positions,
}
