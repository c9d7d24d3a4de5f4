#!/usr/bin/env python3
"""The filters that ask other servers, against servers, and the codecs that need others to speak with.

    run.py BINARY [WORD ...]        only the cases whose name holds one of the words

The cases are the functions `case_*` of the files `*_cases.py`. Closes with `N passed, N failed, N skipped`.
"""
import faulthandler
import importlib
import pathlib
import sys
import traceback

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

from checks import Failed, Skipped  # noqa: E402
from harness import Pipeline  # noqa: E402


def cases(words):
    for file in sorted(FOLDER.glob("*_cases.py")):
        module = importlib.import_module(file.stem)
        for name, function in vars(module).items():
            full = f"{file.stem.removesuffix('_cases')}: {name.removeprefix('case_').replace('_', ' ')}"
            if name.startswith("case_") and (not words or any(word in full for word in words)):
                yield full, function


def main():
    pipeline = Pipeline(str(pathlib.Path(sys.argv[1]).resolve()))
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name, function in cases(sys.argv[2:]):
        faulthandler.dump_traceback_later(120, exit=True)  # a case that hangs says where
        try:
            function(pipeline)
            counts["passed"] += 1
        except Skipped as reason:
            counts["skipped"] += 1
            print(f"skipped {name}: {reason}", flush=True)
        except Failed as failure:
            counts["failed"] += 1
            print(f"FAILED {name}: {failure}", flush=True)
        except Exception:
            counts["failed"] += 1
            print(f"FAILED {name}:\n{traceback.format_exc()}", flush=True)
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
