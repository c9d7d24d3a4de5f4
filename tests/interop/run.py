#!/usr/bin/env python3
"""Runs the engine against real servers and real clients: see README.md beside this file.

    tests/interop/run.py [-k WORD] [--binary build/pipeline] [--cache DIR] [--no-setup] [--strict] [--list]
"""
import argparse
import importlib
import pathlib
import signal
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from harness.bench import Bench, Failed  # noqa: E402
from harness.parts import Parts, Skip  # noqa: E402

MODULES = ["test_clients", "test_filebeat_connection", "test_filebeat_embedded", "test_filebeat", "test_refusals",
           "test_interruptions"]


def tests():
    """All functions named test_*, module by module, as they stand in the file."""
    for name in MODULES:
        module = importlib.import_module(name)
        for key, value in vars(module).items():
            if key.startswith("test_") and callable(value):
                yield f"{module.__name__[5:]}.{key[5:]}", value


def run_one(name, function, options, parts):
    """One of passed, failed, skipped. The folder of a failed test stays, with the log of every process."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-interop-"))
    bench = Bench(folder, options.binary, parts)
    began = time.monotonic()

    def took():
        return f"{time.monotonic() - began:.1f} s"

    try:
        with bench:
            function(bench)
    except Skip as reason:
        print(f"SKIP {name}: {reason}", flush=True)
        bench.remove()
        return "skipped"
    except Failed as problem:
        print(f"FAIL {name} ({took()}): {problem}\n     logs: {folder}", flush=True)
        return "failed"
    except Exception:  # a mistake of the test itself must not end the run
        print(f"FAIL {name} ({took()})\n{traceback.format_exc()}     logs: {folder}", flush=True)
        return "failed"
    print(f"ok   {name} ({took()})" + "".join(f"\n     {note}" for note in bench.notes), flush=True)
    bench.remove()
    return "passed"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("-k", default="", metavar="WORD", help="only the tests with this word in their name")
    arguments.add_argument("--binary", default="build/pipeline", type=pathlib.Path)
    arguments.add_argument("--cache", default="~/.cache/sluice-interop", type=pathlib.Path,
                           help="where servers and clients are fetched to and built")
    arguments.add_argument("--no-setup", action="store_true", help="skip what is not in the cache yet")
    arguments.add_argument("--strict", action="store_true", help="a skipped test counts as a failed one")
    arguments.add_argument("--list", action="store_true", help="print the names of the tests and end")
    options = arguments.parse_args()
    chosen = [(name, function) for name, function in tests() if options.k in name]
    if options.list:
        print("\n".join(name for name, _ in chosen))
        return 0
    options.binary = options.binary.resolve()
    if not options.binary.is_file():
        sys.exit(f"run.py: there is no {options.binary}: build it, or name it with --binary")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes below are stopped, too
    parts = Parts(options.cache.expanduser().resolve(), options.no_setup)
    results = [run_one(name, function, options, parts) for name, function in chosen]
    passed, failed, skipped = (results.count(word) for word in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or (options.strict and skipped) else 0


if __name__ == "__main__":
    sys.exit(main())
