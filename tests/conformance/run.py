#!/usr/bin/env python3
"""Runs conformance cases: a config and events in, what must come out. README.md says how a case is written.

    run.py BINARY [FILE ...] [--show NAME] [-j N]      FILE: *.json; by default those beside this script

A case is one process of the engine with a folder of its own, events on standard input and JSON lines on standard
output. Prints the failures and closes with `N passed, N failed`.
"""
import argparse
import base64
import concurrent.futures
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MISSING = object()
DEFAULTS = {"api.enabled": False, "log.level": "error", "pipeline.ecs_compatibility": "disabled",
            "pipeline.ordered": True, "pipeline.workers": 1}


class Difference(Exception):
    """What a case did not do as it says."""


def steps(reference):
    return re.findall(r"\[([^\[\]]*)\]", reference) if reference.startswith("[") else [reference]


def find(event, reference):
    """The value of a field reference, or MISSING."""
    for step in steps(reference):
        if isinstance(event, dict) and step in event:
            event = event[step]
        elif isinstance(event, list) and re.fullmatch(r"-?[0-9]+", step) and -len(event) <= int(step) < len(event):
            event = event[int(step)]
        else:
            return MISSING
    return event


def equal(left, right):
    """Equality of JSON values: numbers by value, true is not 1, and text is not a number."""
    numbers = [isinstance(v, (int, float)) and not isinstance(v, bool) for v in (left, right)]
    if all(numbers):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=0)
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return left == right


def type_name(value):
    if value is None:
        return "null"
    return {bool: "boolean", int: "integer", float: "float", str: "string", list: "array", dict: "object"}[type(value)]


def shown(value):
    return "absent" if value is MISSING else json.dumps(value, ensure_ascii=False)[:200]


def differences(event, want):
    """One sentence for each wish that the event does not fulfil."""
    for reference, value in want.get("set", {}).items():
        got = find(event, reference)
        if got is MISSING or not equal(got, value):
            yield f"{reference} is {shown(got)}, not {shown(value)}"
    for reference in want.get("absent", []):
        if (got := find(event, reference)) is not MISSING:
            yield f"{reference} is {shown(got)}, and should be absent"
    for reference, wanted in want.get("types", {}).items():
        got = find(event, reference)
        if got is MISSING or type_name(got) != wanted:
            yield f"{reference} is {shown(got)}, not of type {wanted}"
    tags = event.get("tags", [])
    tags = tags if isinstance(tags, list) else [tags]
    for tag in want.get("tags", []):
        if tag not in tags:
            yield f"the tag {tag} is missing in {tags}"
    for tag in want.get("no_tags", []):
        if tag in tags:
            yield f"the tag {tag} should not be there"


def config_of(case):
    """The config text that a case stands for."""
    if "config" in case:
        return case["config"]
    named = json.dumps([[list(w.get(k, [])) for k in ("set", "types", "absent")] for w in case.get("expect", [])])
    # Outputs never see @metadata: copy it to where the comparison finds it.
    keep = 'filter { mutate { copy => { "[@metadata]" => "[__metadata]" } } }\n' if "[@metadata]" in named else ""
    return (f'input {{ stdin {{ codec => {case.get("codec_in", "json_lines")} }} }}\n'
            f'filter {{\n{case.get("filter", "")}\n}}\n{keep}'
            f'output {{ stdout {{ codec => {case.get("codec_out", "json_lines")} }} }}\n')


def input_of(case):
    if "bytes_b64" in case:
        return base64.b64decode(case["bytes_b64"])
    if "bytes" in case:
        return case["bytes"].encode()
    return b"".join(json.dumps(event).encode() + b"\n" for event in case.get("events", [{"message": "x"}]))


def start(binary, case, folder, words, data):
    """Runs the engine on a case; what it wrote and how it ended."""
    for name, text in case.get("files", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name, text in case.get("files_b64", {}).items():
        (folder / name).write_bytes(base64.b64decode(text))
    settings = folder / "settings"
    settings.mkdir()
    lines = {**DEFAULTS, **case.get("settings", {})}
    (settings / "logstash.yml").write_text("".join(f"{name}: {json.dumps(value)}\n" for name, value in lines.items()))
    config = folder / "case.conf"
    config.write_text(config_of(case))
    environment = {**os.environ, "TZ": "UTC", "CASE_DIR": str(folder), **case.get("env", {})}
    argv = [binary, "-f", str(config), "--path.settings", str(settings), "--path.data", str(folder / "data"), *words]
    try:
        return subprocess.run(argv, input=data, capture_output=True, env=environment, cwd=folder, timeout=60)
    except subprocess.TimeoutExpired:
        raise Difference("it did not end within a minute") from None


def check_config(binary, case, folder):
    """A case about the config check alone."""
    done = start(binary, case, folder, ["--test"], b"")
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    wanted = 0 if case.get("valid", False) else 1
    if done.returncode != wanted:
        raise Difference(f"--test ended with {done.returncode}, not {wanted}: {text[-400:]}")
    for word in case.get("error_has", []):
        if word.lower() not in text.lower():
            raise Difference(f"the report does not say {word!r}: {text[-400:]}")


def events_of(output):
    for line in output.decode("utf-8").rstrip("\n").split("\n") if output else []:
        event = json.loads(line)
        if "__metadata" in event:
            event["@metadata"] = event.pop("__metadata")
        yield event


def compare(case, events):
    wants = case.get("expect", [])
    if len(events) != len(wants):
        raise Difference(f"{len(events)} events came out, not {len(wants)}: {json.dumps(events)[:400]}")
    found = []
    if case.get("unordered"):
        rest = list(events)
        for want in wants:
            fitting = next((e for e in rest if not list(differences(e, want))), None)
            if fitting is None:
                found.append(f"no event is as wanted: {shown(want)}")
            else:
                rest.remove(fitting)
    else:
        for number, (event, want) in enumerate(zip(events, wants)):
            found += [f"event {number}: {text}" for text in differences(event, want)]
    if found:
        raise Difference("; ".join(found[:5]))


def check(binary, case):
    """Raises Difference when the case does not hold."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as name:
        folder = pathlib.Path(name)
        if "valid" in case or case.get("config_error"):
            return check_config(binary, case, folder)
        done = start(binary, case, folder, [], input_of(case))
        if done.returncode:
            raise Difference(f"exit status {done.returncode}: {done.stderr.decode('utf-8', 'replace')[-400:]}")
        if "output_b64" in case:
            if done.stdout != base64.b64decode(case["output_b64"]):
                raise Difference(f"wrote {base64.b64encode(done.stdout).decode()}, not {case['output_b64']}")
            return None
        if "output" in case:
            got = done.stdout.decode("utf-8", "replace")
            if got != case["output"]:
                raise Difference(f"wrote {got!r}, not {case['output']!r}")
            return None
        try:
            return compare(case, list(events_of(done.stdout)))
        except ValueError as e:
            raise Difference(f"the output is not JSON lines in UTF-8: {e}: {done.stdout[:200]!r}") from None


def trouble(binary, case):
    try:
        check(binary, case)
    except Difference as difference:
        return str(difference)
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--show", help="print the config of the case of this name")
    parser.add_argument("-j", type=int, default=os.cpu_count(), help="cases at a time")
    args = parser.parse_args()
    cases = [(path.stem, case) for path in args.files or sorted(HERE.glob("*.json"))
             for case in json.loads(path.read_text())["cases"]]
    if args.show:
        for _, case in cases:
            if case["name"] == args.show:
                print(config_of(case))
        return 0
    binary = os.path.abspath(args.binary)
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        results = list(pool.map(lambda named: trouble(binary, named[1]), cases))
    failed = 0
    for (topic, case), text in zip(cases, results):
        if text:
            failed += 1
            print(f"FAILED {topic}: {case['name']}\n  {text}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
