#!/usr/bin/env python3
"""Checks that the generated pages of docs/ are what the program says now, that links lead somewhere, and that the tests
which docs/guarantees.md names are there.

    check_docs.py BINARY      UPDATE_DOCS=1 writes the pages anew; closes with `N passed, N failed`
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
GROUPS = {"E01": "Syntax", "E02": "Plugins and options", "E03": "Values", "E04": "Structure and flow",
          "W01": "Warnings: syntax", "W02": "Warnings: plugins and options", "W03": "Warnings: values",
          "W04": "Warnings: structure and flow"}


def ask(binary, *words):
    return subprocess.run([binary, *words], capture_output=True, text=True, check=True, timeout=60,
                          env={"PATH": os.environ["PATH"]}).stdout


def plugins(binary):
    return ask(binary, "plugins", "--format", "markdown")


def codes():
    """The codes that have an explanation, in the order of the source."""
    text = (ROOT / "src" / "lang" / "codes.cpp").read_text()
    return re.findall(r'Entry\{"([EW]\d{4})"', text)


def diagnostics(binary):
    page = ("# Diagnostics\n\nWhat `pipeline --test` says, by code; `pipeline explain CODE` prints one. Made from the program by "
            "`UPDATE_DOCS=1 tests/check_docs.py`; do not edit by hand.\n")
    group = ""
    for code in codes():
        if code[:3] != group:
            group = code[:3]
            page += f"\n## {GROUPS[group]}\n"
        title, _, rest = ask(binary, "explain", code).strip().partition("\n")
        rest = re.sub(r"(?m)((?:^  .*\n?)+)", lambda m: "```\n" + re.sub(r"(?m)^  ", "", m.group(1)).rstrip("\n") + "\n```\n", rest)
        page += f"\n### {code}\n\n**{title}**\n{rest.rstrip()}\n"
    return page


def settings(binary):
    page = ("# Settings\n\nEach line is a setting of `logstash.yml`, of an entry of `pipelines.yml` where that makes sense, and a flag of the "
            "command line (`--pipeline.workers 4`, or the short flag). `${NAME}` and `${NAME:default}` in `logstash.yml` are taken from the [keystore](security.md#secrets), "
            "then from the environment; in `pipelines.yml`, as in Logstash, from the environment alone. A setting that is unknown, or that is known from Logstash and not supported, is refused with a "
            "reason.\n\nMade from `pipeline --help` by `UPDATE_DOCS=1 tests/check_docs.py`; do not edit by hand.\n\n"
            "| setting | flag | |\n|---|---|---|\n")
    rows = []
    for line in ask(binary, "--help").partition("Settings (")[2].splitlines()[1:]:
        found = re.match(r"  (?:(-\w) \[ )?--([\w.]+)(?: \])? ?(?:VALUE|\[=\[BOOL\]\(=true\)\])? *(.*)", line)
        if found:
            rows.append([found.group(2), found.group(1) or "", found.group(3)])
        elif rows and line.strip():
            rows[-1][2] = f"{rows[-1][2]} {line.strip()}".strip()
    for name, flag, text in rows:
        text = re.sub(" +", " ", text).replace("|", "\\|")
        page += f"| `{name}` | {f'`{flag}`' if flag else ''} | {text} |\n"
    return page


def anchors(path):
    """The headings of a page as GitHub makes anchors of them."""
    found = set()
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            title = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            found.add(title.replace(" ", "-"))
    return found


def broken_links(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists():
            yield f"{path.relative_to(ROOT)}: {target} leads nowhere"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            yield f"{path.relative_to(ROOT)}: {target} has no such heading"


def unexplained():
    """Codes that the sources report and nobody can look up."""
    known = set(codes())
    for path in sorted((ROOT / "src").rglob("*.cpp")):
        for code in re.findall(r'"([EW]0[1-9]\d\d)"', path.read_text()):
            if code not in known:
                yield f"{path.relative_to(ROOT)}: {code} has no explanation in src/lang/codes.cpp"


def unheld():
    """Names of tests in the last column of docs/guarantees.md that no test has."""
    tests = "\n".join(path.read_text(errors="replace") for kind in ("cpp", "py")
                      for path in sorted((ROOT / "tests").rglob(f"*.{kind}")) if path.name != "check_docs.py")
    tests = re.sub(r'"\s*\n\s*"', "", tests)  # names that are broken over lines
    for line in (DOCS / "guarantees.md").read_text().splitlines():
        if line.startswith("| ") and line.rstrip().endswith(("`|", "` |", ") |")):
            for name in re.findall(r"`([^`]+)`", line.rstrip(" |").rpartition("|")[2]):
                if name not in tests and not (ROOT / name).exists():
                    yield f"docs/guarantees.md: no test is called `{name}`"


# Logstash's Java twins of a plugin stand beside it.
TWINS = {"java_line": "java_text", "java_plain": "java_text", "java_uuid": "uuid"}


def without_file():
    """Lines of plugins.def whose plugin has no file of its own, and plugins that the program does not list."""
    for kind, name in re.findall(r"^PLUGIN\((\w+), (\w+)\)", (ROOT / "src" / "plugins" / "plugins.def").read_text(), re.M):
        file = TWINS.get(name, name)
        if not (ROOT / "src" / "plugins" / f"{kind}s" / f"{file}.cpp").exists():
            yield f"plugins.def has {kind} {name}, and there is no src/plugins/{kind}s/{file}.cpp"
        if f"\n## {kind} {name}\n" not in (DOCS / "plugins.md").read_text():
            yield f"plugins.def has {kind} {name}, and docs/plugins.md has not"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binary = os.path.abspath(sys.argv[1])
    passed = failed = 0
    for name, make in {"plugins.md": plugins, "diagnostics.md": diagnostics, "settings.md": settings}.items():
        page = DOCS / name
        try:
            text = make(binary)
        except subprocess.CalledProcessError as problem:
            failed += 1
            print(f"FAILED docs/{name}: {' '.join(problem.cmd)}: {problem.stderr.strip()}")
            continue
        if os.environ.get("UPDATE_DOCS") == "1":
            page.write_text(text)
        if page.exists() and page.read_text() == text:
            passed += 1
        else:
            failed += 1
            print(f"FAILED docs/{name} is not current: UPDATE_DOCS=1 tests/check_docs.py BINARY")
    for trouble in ([line for path in sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), *(ROOT / "examples").rglob("*.md"),
                                               *(ROOT / "tests").rglob("*.md")]) for line in broken_links(path)],
                    list(unexplained()), list(without_file()), list(unheld())):
        passed, failed = passed + (not trouble), failed + bool(trouble)
        for line in trouble:
            print(f"FAILED {line}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
