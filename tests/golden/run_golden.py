#!/usr/bin/env python3
"""Runs the golden cases: run_golden.py BINARY [kind/case ...]; see README.md beside this file."""
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"


def configs(case):
    return sorted(p.name for p in case.glob("*.conf") if p.name != "fixed.conf")


def run(binary, case, *options):
    """The program's output for the configs of a case, and its exit status."""
    names = configs(case)
    pattern = names[0] if len(names) == 1 else "*.conf"
    done = subprocess.run([binary, "--test", *options, "-f", pattern], cwd=case, capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    return done.stdout.decode("utf-8", "replace"), done.returncode, done.stderr.decode("utf-8", "replace")


def cost(binary, case):
    """What explain --cost prints, with one name for the engines that depend on the machine."""
    done = subprocess.run([binary, "explain", "--cost", configs(case)[0]], cwd=case, capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    got = done.stdout.decode("utf-8", "replace")
    return re.sub(r"engine   (machine code|byte program\n  because  .*)\n", "engine   a fast one\n", got), done.returncode


def differences(wanted, got, name):
    return "".join(difflib.unified_diff(wanted.splitlines(True), got.splitlines(True), f"{name} (expected)",
                                        f"{name} (printed)"))


def check_fixed(binary, case):
    """What --fix writes, compared with fixed.conf."""
    fixed = case / "fixed.conf"
    if not fixed.exists():
        return ""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / case.name
        shutil.copytree(case, copy)
        (copy / "fixed.conf").unlink()
        run(binary, copy, "--fix")
        got = (copy / configs(copy)[0]).read_bytes()
    if UPDATE:
        fixed.write_bytes(got)
        return ""
    if got == fixed.read_bytes():
        return ""
    return differences(fixed.read_text("utf-8", "replace"), got.decode("utf-8", "replace"), "fixed.conf")


def check_cost(binary, case):
    got, status = cost(binary, case)
    expected = case / "expected.txt"
    if UPDATE:
        expected.write_text(got, "utf-8")
    wanted = expected.read_text("utf-8") if expected.exists() else ""
    return differences(wanted, got, "expected.txt") + (f"exit status {status}\n" if status else "")


def check(binary, case):
    """Empty when the case holds, else what is different."""
    if case.parent.name == "cost":
        return check_cost(binary, case)
    got, status, errors = run(binary, case)
    if status not in (0, 1):
        return f"exit status {status}\n{errors}"
    expected = case / "expected.txt"
    if UPDATE:
        expected.write_text(got, "utf-8")
    wanted = expected.read_text("utf-8") if expected.exists() else ""
    out = differences(wanted, got, "expected.txt")
    if (status == 0) != wanted.endswith("Configuration OK\n"):
        out += f"exit status {status}\n"
    return out + check_fixed(binary, case)


def check_operands(binary):
    """Of several configs, each checked for itself, the report says which one is in order."""
    first, second = "config/correct/config.conf", "syntax/all_is_well/config.conf"
    done = subprocess.run([binary, "--test", first, second], cwd=HERE, capture_output=True, timeout=60, text=True)
    wanted = f"{first}: Configuration OK\n{second}: Configuration OK\n"
    return differences(wanted, done.stdout, "operands")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    if len(sys.argv) > 2:
        cases = [HERE / name for name in sys.argv[2:]]
    else:
        cases = sorted(p for p in HERE.glob("*/*") if p.is_dir() and configs(p))
    failed = 0
    for case in cases:
        trouble = check(binary, case)
        if trouble:
            failed += 1
            print(f"FAILED {case.relative_to(HERE)}\n{trouble}")
    if len(sys.argv) == 2:
        trouble = check_operands(binary)
        cases.append(HERE)
        if trouble:
            failed += 1
            print(f"FAILED several files as operands\n{trouble}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
