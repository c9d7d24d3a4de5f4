#!/usr/bin/env python3
"""Checks that configs of other people pass `pipeline --test`.

    check_corpus.py BINARY FOLDER

Every *.conf of FOLDER is checked for itself. A config is excepted, and listed with the reason, when all its errors
come from plugins that this engine does not have, from files that are not on this machine, or from text that Logstash
refuses too (EXCEPTIONS). Relative files that a config names (an index template) are put there, empty. The configs are
of the time before ECS was the default, so `pipeline.ecs_compatibility` is `disabled`; variables that a config wants
are set to a word. Closes with `N passed, N failed, N skipped`.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

EXCUSES = {"E0202": "a plugin that is not here", "E0305": "a file that is not here"}
EXCEPTIONS = {
    "elastic-examples-Speed_Layer_logstash_batch_export.conf": "${...} without quotes, which Logstash refuses as well",
}
MISSING = re.compile(r"names a file that does not exist: (.*)$")


def check(binary, path, folder):
    """The errors of a config and the folders of patterns it misses; or None and what to say."""
    variables = {name: "word" for name in re.findall(r"\$\{(\w+)\}", path.read_text(errors="replace"))}
    for attempt in range(3):
        done = subprocess.run([binary, "--path.settings", folder, "--test", "--format", "json", "-f", str(path.resolve())],
                              capture_output=True, timeout=60, env={**variables, **os.environ}, cwd=folder)
        try:
            report = json.loads(done.stdout)
        except ValueError:
            return None, f"exit status {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}"
        wanted = [found.group(1) for d in report["diagnostics"] if (found := MISSING.search(d["message"]))]
        wanted = [name for name in wanted if not name.startswith("/") and ".." not in name]
        if not wanted:
            break
        for name in wanted:
            (pathlib.Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (pathlib.Path(folder) / name).write_text("{}")
    errors = [d for d in report["diagnostics"] if d["severity"] == "error"]
    if any("patterns_dir names a folder" in d["message"] for d in report["diagnostics"]):
        for d in errors:  # patterns of its own, which nobody can know
            d["code"] = "E0305" if d["code"] == "E0302" else d["code"]
    return errors, ""


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    binary, folder = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
    passed = failed = skipped = 0
    for path in sorted(folder.glob("*.conf")):
        with tempfile.TemporaryDirectory() as own:
            (pathlib.Path(own) / "logstash.yml").write_text("pipeline.ecs_compatibility: disabled\n")
            errors, trouble = check(binary, path, own)
        if errors is None:
            failed += 1
            print(f"FAILED {path.name}: {trouble}")
        elif not errors:
            passed += 1
        elif path.name in EXCEPTIONS:
            skipped += 1
            print(f"skipped {path.name}: {EXCEPTIONS[path.name]}")
        elif all(e["code"] in EXCUSES for e in errors):
            skipped += 1
            why = sorted({f"{e['message']}" for e in errors})
            print(f"skipped {path.name}: {'; '.join(why)}")
        else:
            failed += 1
            print(f"FAILED {path.name}")
            for e in errors:
                if e["code"] not in EXCUSES:
                    print(f"  {e['line']}:{e['column']} {e['code']} {e['message']}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
