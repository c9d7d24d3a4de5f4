#!/usr/bin/env python3
"""Runs the unit tests of a build folder and counts their cases.

    unit_tests.py BUILD_FOLDER        closes with `N passed, N failed, N skipped`
"""
import json
import os
import pathlib
import re
import subprocess
import sys

SUMMARY = re.compile(r"test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1])
    log = build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    done = subprocess.run(["meson", "test", "-C", str(build), "--suite", "unit", "--no-rebuild", "--timeout-multiplier", "4"],
                          capture_output=True, text=True, env={**os.environ, "TZ": "UTC"})
    if not log.exists():
        sys.exit(f"meson test gave no results: {done.stdout[-500:]}{done.stderr[-500:]}")
    passed = failed = skipped = 0
    for line in log.read_text().splitlines():
        test = json.loads(line)
        found = SUMMARY.search(test.get("stdout", ""))
        if found:
            counts = [int(n) for n in found.groups()]
            passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
        elif test["result"] == "OK":
            passed += 1
        if test["result"] not in ("OK", "SKIP"):
            # A program that crashed has no summary, or one from before its end.
            failed += 0 if found and int(found.group(2)) else 1
            text = test.get("stdout", "") + test.get("stderr", "")
            print(f"FAILED {test['name']}: {test['result']}\n{text[-4000:]}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
