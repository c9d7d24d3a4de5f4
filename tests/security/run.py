#!/usr/bin/env python3
"""What docs/security.md promises, held against the running engine: secrets, listeners, certificates, privileges.

    run.py BINARY [WORD ...]        only the cases whose name holds one of the words

The cases are the functions `case_*` of the files `*_cases.py`. Closes with `N passed, N failed, N skipped`.
"""
import faulthandler
import importlib
import pathlib
import sys
import tempfile
import traceback

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

from checks import Failed, Skipped  # noqa: E402
from engine import Engine  # noqa: E402


def cases(words):
    for file in sorted(FOLDER.glob("*_cases.py")):
        module = importlib.import_module(file.stem)
        for name, function in list(vars(module).items()):
            full = f"{file.stem.removesuffix('_cases')}: {name.removeprefix('case_').replace('_', ' ')}"
            if name.startswith("case_") and (not words or any(word in full for word in words)):
                yield full, function


def run(name, function, binary):
    faulthandler.dump_traceback_later(120, exit=True)  # a case that hangs says where
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(binary, pathlib.Path(folder))
        try:
            function(engine)
            return "passed"
        except Skipped as reason:
            print(f"skipped {name}: {reason}", flush=True)
            return "skipped"
        except Failed as failure:
            print(f"FAILED {name}: {str(failure)[:3000]}", flush=True)
        except Exception:
            print(f"FAILED {name}:\n{traceback.format_exc()}", flush=True)
        finally:
            engine.stop()
        return "failed"


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name, function in cases(sys.argv[2:]):
        counts[run(name, function, binary)] += 1
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
