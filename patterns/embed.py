#!/usr/bin/env python3
"""Writes a C++ source that holds the pattern sets as text.

usage: embed.py OUTPUT FILE...

The folder of a file (legacy, ecs-v1) names its set. Comments and blank lines stay behind; a name that a set
defines twice is an error, since only one of the two could ever be meant.
"""
import pathlib
import sys

SETS = {"legacy": "kLegacy", "ecs-v1": "kEcsV1"}
# mcollective and mcollective-patterns have always shared this one.
SHARED = {"MCOLLECTIVEAUDIT"}


def definitions(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, regex = line.partition(" ")
        if not regex.strip() or not name.isascii():
            sys.exit(f"{path}:{number}: expected NAME, a blank and a regular expression")
        yield number, name, regex.lstrip()


def literal(data):
    """Bytes of a C++ string literal, in pieces that every compiler takes."""
    out = []
    for byte in data:
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif char == "\n":
            out.append('\\n"\n"')
        elif char == "?":
            out.append("\\?")
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def main(output, paths):
    texts = {folder: [] for folder in SETS}
    seen = {folder: {} for folder in SETS}
    for path in map(pathlib.Path, paths):
        folder = path.parent.name
        for number, name, regex in definitions(path):
            where = f"{path}:{number}"
            if name in seen[folder] and name not in SHARED:
                sys.exit(f"{where}: {name} is defined already at {seen[folder][name]}")
            seen[folder][name] = where
            texts[folder].append(f"{name} {regex}\n")
    parts = ['#include "match/patterns.hpp"\n\nnamespace sluice::match {\nnamespace {\n']
    for folder, symbol in SETS.items():
        data = "".join(texts[folder]).encode("utf-8")
        parts.append(f"\nconstexpr char {symbol}[] =\n{literal(data)};\n")
    parts.append(
        "\n}  // namespace\n\n"
        "std::string_view embedded_patterns(BuiltinPatterns builtin) {\n"
        "  if (builtin == BuiltinPatterns::legacy) return {kLegacy, sizeof kLegacy - 1};\n"
        "  return {kEcsV1, sizeof kEcsV1 - 1};\n"
        "}\n\n}  // namespace sluice::match\n"
    )
    pathlib.Path(output).write_text("".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
