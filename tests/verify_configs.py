#!/usr/bin/env python3
"""`pipeline verify`, with the real program: what passes, what fails and how it says so.

    verify_configs.py BINARY     closes with `N passed, N failed`
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from checks import ENVIRONMENT, Failed, check, equal

BINARY = str(pathlib.Path(sys.argv[1]).resolve()) if len(sys.argv) == 2 else sys.exit(__doc__)

CONFIG = """
input { stdin { } }
filter {
  if [kind] == "noise" { drop { } }
  if [parts] { split { field => "parts" } }
  if [task] {
    aggregate { task_id => "%{task}" code => "map['n'] ||= 0; map['n'] += 1; event.set('n', map['n'])" }
  }
  mutate { add_field => { "seen" => "yes" "[@metadata][tenant]" => "acme" } }
}
output { stdout { } }
"""


def verify(cases, *options, config=CONFIG, **more):
    """Status, standard output and standard error."""
    with tempfile.TemporaryDirectory(prefix="verify.") as folder:
        folder = pathlib.Path(folder)
        (folder / "main.conf").write_text(config)
        tests = folder / "tests.yml"
        tests.write_text(cases if isinstance(cases, str) else
                         json.dumps({"config": "main.conf", "testcases": cases, **more}, indent=1))
        done = subprocess.run([BINARY, "verify", *options, str(tests)], capture_output=True, text=True, timeout=60,
                              env=ENVIRONMENT | {"COLOUR": "green"})
        return done.returncode, done.stdout, done.stderr


def passes(cases, **more):
    status, out, err = verify(cases, **more)
    equal((status, out.splitlines()[-1:]), (0, [f"{len(cases)} passed, 0 failed"]), out + err)


def fails(case, *lines, **more):
    status, out, err = verify([case], **more)
    equal(status, 1, out + err)
    for line in lines:
        check(line in out.splitlines(), f"no line {line!r} in:\n{out}")


def test_lines_and_events_go_in_and_events_come_out():
    passes([{"input": "hello", "expected": [{"message": "hello", "seen": "yes"}]},
            {"input": [{"a": 1, "[b][c]": [True, None, 1.5]}], "expected": [{"a": 1, "b": {"c": [True, None, 1.5]}, "seen": "yes"}]},
            {"input": [{"kind": "noise"}, {"kind": "news"}], "expected": [{"kind": "news", "seen": "yes"}]},
            {"input": {"kind": "noise"}, "expected": []},
            {"input": {"parts": ["x", "y"]}, "contains": [{"parts": "x"}, {"parts": "y"}]}])


def test_fields_of_the_file_and_of_the_case_are_set():
    passes([{"input": "m", "fields": {"host": "two"}, "expected": [{"message": "m", "type": "t", "host": "two", "seen": "yes"}]}],
           fields={"type": "t", "host": "one"})


def test_json_lines_are_events():
    passes([{"input": ['{"n":1}', "{}"], "fields": {"x": 1}, "expected": [{"x": 1, "n": 1, "seen": "yes"}, {"x": 1, "seen": "yes"}]}],
           codec="json")


def test_metadata_counts_when_it_is_named():
    passes([{"input": "m", "contains": [{"[@metadata][tenant]": "acme"}]}])
    fails({"input": "m", "contains": [{"[@metadata][tenant]": "other"}]},
          '    [@metadata][tenant] is "acme", wanted "other"')


def test_what_is_ignored_is_not_compared():
    passes([{"input": "m", "expected": [{"message": "m"}]}], ignore=["seen"])


def test_the_time_counts_when_it_is_named():
    fails({"input": {"@timestamp": "2026-01-02T03:04:05Z"}, "expected": [{"@timestamp": "2027-01-02T03:04:05Z", "seen": "yes"}]},
          '    [@timestamp] is "2026-01-02T03:04:05.000Z", wanted "2027-01-02T03:04:05.000Z"')


def test_differences_are_named():
    fails({"input": {"a": {"b": 1, "c": 2}}, "expected": [{"a": {"b": "1", "d": 3}, "seen": "yes"}]},
          '    [a][b] is 1, wanted "1"', "    [a][d] is missing, wanted 3", "    [a][c] was not expected: 2")
    fails({"input": ["x", "y"], "expected": [{"message": "x", "seen": "yes"}]}, "    2 events came out, wanted 1")


def test_filters_remember_nothing_of_other_cases():
    one = {"input": [{"task": "t"}, {"task": "t"}], "contains": [{"n": 1}, {"n": 2}]}
    passes([one, one])


def test_values_of_variables_are_those_of_the_environment():
    passes([{"input": "m", "contains": [{"colour": "green"}]}],
           config='input { stdin { } } filter { mutate { add_field => { "colour" => "${COLOUR}" } } } output { stdout { } }')


def test_yaml_keeps_the_types_of_words():
    status, out, err = verify("config: main.conf\ntestcases:\n"
                              "  - input: {a: 1, b: '1', c: 1.5, d: true, e: yes, f: ~, g: 1.2.3}\n"
                              "    expected: [{a: 1, b: \"1\", c: 1.5, d: true, e: \"yes\", f: null, g: '1.2.3', seen: 'yes'}]\n")
    equal((status, out), (0, "1 passed, 0 failed\n"), err)


def test_junit_is_xml_that_names_the_failures():
    status, out, err = verify([{"description": "a < b & \"c\"", "input": "m", "contains": [{"seen": "<no>"}]},
                               {"input": "m", "contains": [{}]}], "--format", "junit")
    equal(status, 1, err)
    suite = xml.etree.ElementTree.fromstring(out).find("testsuite")
    equal((suite.get("tests"), suite.get("failures")), ("2", "1"), "counts")
    cases = suite.findall("testcase")
    equal(cases[0].get("name"), 'a < b & "c"', "name")
    check("<no>" in cases[0].find("failure").text, "the text of the failure")
    equal(cases[1].find("failure"), None, "the second passes")


def test_mistakes_in_the_file_are_named_with_their_place():
    for text, wanted in {"config: main.conf\ntestcase: []\n": ':2:1: "testcase" is not known here',
                         "config: main.conf\ntestcases:\n  - expected: []\n": ":3:5: the test case has no input",
                         "config: main.conf\ntestcases:\n  - input: x\n": ":3:5: a test case has either",
                         "config: [\n": "the YAML cannot be read",
                         "testcases:\n  - {input: x, expected: []}\n": "which config?",
                         "config: main.conf\ncodec: json\ntestcases:\n  - {input: '{\"a\"', expected: []}\n": "not a JSON object",
                         "config: none.conf\ntestcases:\n  - {input: x, expected: []}\n": "none.conf"}.items():
        status, out, err = verify(text)
        equal(status, 2, text + out + err)
        check(wanted in err, f"no {wanted!r} in {err!r}")
    status, out, err = verify([{"input": "m", "expected": []}], config="filter { mutat { } }")
    equal(status, 2, "a config with errors")
    check("Did you mean `mutate`?" in err, err)


def test_the_example_passes():
    tests = pathlib.Path(__file__).resolve().parent.parent / "examples" / "apache" / "tests.yml"
    done = subprocess.run([BINARY, "verify", str(tests)], capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
    equal((done.returncode, done.stdout), (0, "2 passed, 0 failed\n"), done.stderr)


def main():
    passed = failed = 0
    for name, test in sorted(globals().items()):
        if not name.startswith("test_"):
            continue
        try:
            test()
            passed += 1
        except Failed as e:
            failed += 1
            print(f"FAILED {name}: {e}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
