"""The wall clock is set back and forward while the engine runs and between runs: nothing hangs, nothing is lost, nothing comes
twice. The clock that measures time does not jump, as on a real machine."""
import glob
import os
import re
import socket
import ssl

import bad_servers as bad
from authority import Authority
from bad_servers import BadServer
from checks import check, free_port
from destinations import EVENTS, Scene, compare, elasticsearch
from peers import replace

JUMPS = ("-400d", "+400d", "-1h", "+0")


class Clock:
    """What the engine's wall clock shows, by libfaketime."""

    def __init__(self, bench):
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not found:
            bench.skip("the package faketime is not there")
        self._file = bench.folder / "clock"
        self.set("+0")
        # Time stamps of files are the kernel's, whose clock stays.
        self.environment = {"LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": str(self._file), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}

    def set(self, difference):
        fresh = self._file.with_suffix(".new")
        fresh.write_text(difference)
        os.rename(fresh, self._file)


class Source:
    """A file that the engine follows."""

    def __init__(self, bench):
        self.path = bench.folder / "source.log"
        self.path.touch()
        self._sincedb = bench.folder / "sincedb"
        self.input = (f'file {{ path => "{self.path}" start_position => beginning sincedb_path => "{self._sincedb}" '
                      f'stat_interval => "10 ms" sincedb_write_interval => "20 ms" }}')

    def append(self, numbers):
        with open(self.path, "a") as out:
            out.write("".join(f"id={n};\n" for n in numbers))

    def saved(self):
        found = re.match(r"\d+ \d+ \d+ (\d+) ", self._sincedb.read_text()) if self._sincedb.exists() else None
        return found and int(found.group(1)) == self.path.stat().st_size


def while_running(bench):
    """Batches, back-off, the followed file, its saved position, the health report and new certificates, after each jump."""
    clock, source, ours, tls_port = Clock(bench), Source(bench), Authority(bench.folder), free_port()
    identity = (bench.folder / "live.crt", bench.folder / "live.key")
    replace(ours.issue("first"), identity)
    server = bench.closing_receiver(BadServer(bad.fails(503, "no master")))
    scene = Scene(bench, elasticsearch(f'"http://127.0.0.1:{server.port}"'), ["--pipeline.batch.delay", "20"],
                  environment=clock.environment, more_inputs=source.input + (
                      f' tcp {{ host => "127.0.0.1" port => {tls_port} ssl_enabled => true ssl_certificate => "{identity[0]}" '
                      f'ssl_key => "{identity[1]}" ssl_client_authentication => none }}'))
    server.heal()
    number = 0
    for jump in JUMPS:
        server.fall_ill()
        window = scene.send(range(number, number + EVENTS))
        met = server.met
        scene.wait(lambda: server.met > met, "the server is asked")
        clock.set(jump)  # while the output waits to send again
        scene.wait_blamed()
        server.heal()
        scene.wait_acknowledged(window)
        source.append(range(number + EVENTS, number + 2 * EVENTS))
        number += 2 * EVENTS
        scene.wait(lambda: len(server.documents) == number, f"the lines arrive after {jump}")
        scene.wait(source.saved, f"the position is saved after {jump}")
        scene.wait(lambda: scene.ask("/readyz")[0] == 200, f"the engine is ready after {jump}")
    replace(ours.issue("second"), identity)
    scene.wait_log("Certificates were loaded anew")
    context = ssl.create_default_context(cafile=ours.certificate)
    with context.wrap_socket(socket.create_connection(("127.0.0.1", tls_port), 10), server_hostname="127.0.0.1") as peer:
        check(dict(x[0] for x in peer.getpeercert()["subject"])["commonName"] == "second", "the old certificate is shown")
    scene.stop()
    compare(server, range(number), once=True)


def between_runs(bench):
    """The engine starts with clocks before and after the birth of the file that it follows: it knows it again."""
    clock, source = Clock(bench), Source(bench)
    server = bench.closing_receiver(BadServer())
    number = 0
    for jump in JUMPS:
        clock.set(jump)
        source.append(range(number, number + EVENTS))
        number += EVENTS
        scene = Scene(bench, elasticsearch(f'"http://127.0.0.1:{server.port}"'), environment=clock.environment,
                      more_inputs=source.input)
        scene.wait(lambda: len(server.documents) == number, f"the lines arrive after {jump}")
        scene.wait(source.saved, f"the position is saved after {jump}")
        scene.stop()
    compare(server, range(number), once=True)


TESTS = {
    "fault: the clock is set while the engine runs": while_running,
    "fault: the clock is set between runs": between_runs,
}
