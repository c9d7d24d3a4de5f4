#!/usr/bin/env python3
"""Runs every fuzz target over its seeds and over the cases that fuzzing has found.

    replay.py BUILD [TARGET ...]

The cases of a target are the files of corpus/TARGET and found/TARGET beside this file; the target is
BUILD/tests/fuzz/replay_TARGET. A case passes when the target comes back from it in time. Closes with
`N passed, N failed`.
"""
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
SECONDS = 60  # for one target: every case takes milliseconds


def cases_of(target):
    return sorted(str(file) for kind in ("corpus", "found") for file in (FOLDER / kind / target).glob("*"))


def failed_case(program, cases):
    """The first case that the program does not come back from, and what it said; or None."""
    try:
        done = subprocess.run([program, *cases], capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired as expired:
        said = (expired.stderr or b"").decode(errors="replace")
        return next((case for case in reversed(cases) if case in said), cases[0]), f"no end within {SECONDS} s"
    if done.returncode == 0:
        return None
    return next((case for case in reversed(cases) if case in done.stderr), cases[0]), done.stderr[-2000:]


def main():
    folder = pathlib.Path(sys.argv[1]) / "tests" / "fuzz"
    targets = sys.argv[2:] or sorted(entry.name for entry in (FOLDER / "corpus").iterdir())
    passed = failed = 0
    for target in targets:
        cases = cases_of(target)
        while cases:
            found = failed_case(str(folder / f"replay_{target}"), cases)
            if not found:
                passed += len(cases)
                break
            case, why = found
            print(f"FAILED {pathlib.Path(case).relative_to(FOLDER)}: {why}")
            failed += 1
            passed += cases.index(case)
            cases = cases[cases.index(case) + 1:]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
