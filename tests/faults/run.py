#!/usr/bin/env python3
"""What must not go wrong when things go wrong, with the real program.

    run.py BINARY [--rounds 20] [--long] [--seed N] [NAME ...]     closes with `N passed, N failed, N skipped`
"""
import argparse
import concurrent.futures
import pathlib
import shutil
import sys
import tempfile
import time

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

import clocks  # noqa: E402
import destinations  # noqa: E402
import disks  # noqa: E402
import memory_kill  # noqa: E402
import names  # noqa: E402
import peers  # noqa: E402
import queue_damage  # noqa: E402
import queue_kill  # noqa: E402
import reloads  # noqa: E402
import soak  # noqa: E402
from checks import Failed, Skipped  # noqa: E402

TESTS = {
    "memory: beats to Elasticsearch, killed": memory_kill.beats_to_search,
    "memory: file to Elasticsearch, killed": memory_kill.file_to_search,
    "queue: beats to a file, killed": queue_kill.beats_to_file,
    "queue: beats to Elasticsearch, killed": queue_kill.beats_to_search,
    "queue: beats to Elasticsearch with automatic ids, killed": queue_kill.beats_to_search_once,
    "queue: tcp to Elasticsearch, killed": queue_kill.tcp_to_search,
    "queue: damaged bytes": queue_damage.damaged_bytes,
    "queue: full disk": queue_damage.full_disk,
    "reload: filters change under load": reloads.filters_change,
    "reload: outputs change under load": reloads.outputs_change,
    "reload: an input changes under load": reloads.an_input_changes,
    "reload: an error and its end": reloads.an_error_and_its_end,
    "reload: an output that is stuck": reloads.an_output_that_is_stuck,
    "reload: state goes on": reloads.state_goes_on,
    "reload: pipelines come and go": reloads.pipelines_come_and_go,
    "reload: by itself": reloads.looks_by_itself,
    "queue: a long stream and bad answers": soak.short,
}
# Most of these wait for something, and so several run at a time.
TOGETHER = {**destinations.tests(), **peers.TESTS, **names.TESTS, **disks.TESTS, **clocks.TESTS}
AT_A_TIME = 6


class Bench:
    """What a test gets: the binary, a folder of its own, how long to go on, and the end of all that it started."""

    def __init__(self, arguments, folder):
        self.binary = pathlib.Path(arguments.binary).resolve()
        self.rounds, self.seed, self.long = arguments.rounds, arguments.seed, arguments.long
        self.folder = folder
        self._ends = []
        self.notes = []

    def closing(self, engine):
        self._ends.append(engine.end)
        return engine

    def closing_receiver(self, receiver):
        self._ends.append(receiver.close)
        return receiver

    def note(self, text):
        self.notes.append(text)

    @staticmethod
    def skip(reason):
        raise Skipped(reason)

    def close(self):
        for end in reversed(self._ends):
            end()


def run(name, test, arguments):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="faults."))
    bench = Bench(arguments, folder)
    begin = time.monotonic()
    try:
        test(bench)
        outcome, text = "passed", ""
    except Skipped as e:
        outcome, text = "skipped", str(e)
    except Failed as e:
        outcome, text = "failed", str(e)
    finally:
        bench.close()
        if arguments.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    text = f"{outcome} {name} ({time.monotonic() - begin:.1f} s){': ' + text if text else ''}"
    print("\n    ".join([text, *bench.notes]), flush=True)
    return outcome


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("names", nargs="*", help="parts of the names of tests")
    parser.add_argument("--rounds", type=int, default=20, help="how often the engine is killed in each test")
    parser.add_argument("--long", action="store_true", help="every byte instead of a sample")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the folders of the tests")
    arguments = parser.parse_intermixed_args()

    def chosen(tests):
        return [(name, test, arguments) for name, test in tests.items()
                if not arguments.names or any(part in name for part in arguments.names)]

    outcomes = [run(*one) for one in chosen(TESTS)]
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        outcomes += pool.map(lambda one: run(*one), chosen(TOGETHER))
    print(", ".join(f"{outcomes.count(o)} {o}" for o in ("passed", "failed", "skipped")))
    return 1 if "failed" in outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
