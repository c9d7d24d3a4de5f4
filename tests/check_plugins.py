#!/usr/bin/env python3
"""Checks that every filter and codec brings what one has to bring: cases of its behaviour and a measured cost.

    check_plugins.py      closes with `N passed, N failed`

The reference page and the sources are held together by check_docs.py and check_includes.py.
"""
import json
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent
DEF = TESTS.parent / "src" / "plugins" / "plugins.def"

# Without a measured cost: what they take is another's time.
WAITS = {name: "asks a server" for name in ("filter-elasticsearch", "filter-http", "filter-memcached")}
WAITS["filter-sleep"] = "sleeps"

# Their cases are in files of other names or forms.
ELSEWHERE = {
    "filter-date": "unit/plugins/filter_basic_test.cpp",
    "filter-elasticsearch": "lookups/run.py",
    "filter-geoip": "unit/plugins/filter_geoip_test.cpp",
    "filter-grok": "unit/plugins/filter_basic_test.cpp",
    "filter-http": "lookups/run.py",
    "filter-jdbc_static": "lookups/run.py",
    "filter-jdbc_streaming": "lookups/run.py",
    "filter-memcached": "lookups/run.py",
    "filter-json": "unit/plugins/filter_basic_test.cpp",
}


def missing(name):
    """What the plugin lacks, in words."""
    if not (TESTS / ELSEWHERE.get(name, f"conformance/{name}.json")).exists():
        yield f"no cases in tests/conformance/{name}.json"
    bench = TESTS / "bench" / "plugins" / f"{name}.json"
    if not bench.exists():
        if name not in WAITS:
            yield f"no cost in tests/bench/plugins/{name}.json"
    elif not {"filter", "codec"} & json.loads(bench.read_text()).keys():
        yield f"{bench.name} names no plugin"


def main():
    plugins = [f"{kind}-{name}" for kind, name in re.findall(r"PLUGIN\((\w+), (\w+)\)", DEF.read_text())]
    wanted = [name for name in plugins if name.startswith(("filter-", "codec-"))]
    lacks = {name: list(missing(name)) for name in wanted}
    for name, what in lacks.items():
        for line in what:
            print(f"FAILED {name}: {line}")
    failed = sum(bool(what) for what in lacks.values())
    print(f"{len(wanted) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
