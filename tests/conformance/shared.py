#!/usr/bin/env python3
"""Runs a larger, foreign set of conformance cases and holds the result to a threshold.

    shared.py BINARY FOLDER      FOLDER: run.py and cases/*.json

Only the files of the plugins that `pipeline plugins` lists are run, and those of the language itself (core-*,
patterns-*). Failures that known-differences (beside this script) names with a reason count as skipped; every other one is
a failure, and so is a share of passes below 95 %. Closes with `N passed, N failed, N skipped`.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
THRESHOLD = 0.95


def known_differences():
    """{"file: name": reason} of the list; a line is `file: name | reason`."""
    known = {}
    for line in (HERE / "known-differences").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            case, reason = line.rsplit(" | ", 1)
            known[case.strip()] = reason.strip()
    return known


def chosen(binary, cases):
    """The case files that are about something this engine has."""
    listed = subprocess.run([binary, "plugins"], capture_output=True, text=True, check=True).stdout
    names = {"-".join(line.split()[:2]) for line in listed.splitlines()}
    return [p for p in sorted(cases.glob("*.json")) if p.stem in names or p.stem.split("-")[0] in ("core", "patterns")]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    binary, folder = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
    files = chosen(binary, folder / "cases")
    with tempfile.TemporaryDirectory() as out:
        results = pathlib.Path(out) / "results.json"
        done = subprocess.run([sys.executable, str(folder / "run.py"), binary, *map(str, files), "--json", str(results),
                               "--failures", "0"], capture_output=True, text=True)
        if not results.exists():
            sys.exit(f"the runner gave no results: {done.stdout[-300:]}{done.stderr[-300:]}")
        rows = json.loads(results.read_text())
    known = known_differences()
    passed = failed = skipped = 0
    for row in rows:
        name = f"{row['file']}: {row['name']}"
        if not row["diffs"]:
            passed += 1
        elif name in known:
            skipped += 1
            print(f"skipped {name}: {known[name]}")
        else:
            failed += 1
            print(f"FAILED {name}\n  {row['diffs'][0][:300]}")
    if passed < THRESHOLD * len(rows):
        failed += 1
        print(f"FAILED: {100 * passed / len(rows):.1f} % of the cases pass, fewer than {100 * THRESHOLD:.0f} %")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
