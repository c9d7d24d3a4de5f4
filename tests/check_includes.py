#!/usr/bin/env python3
"""Checks the include arrows: a folder of src/ includes itself and what stands above it in src/meson.build.

    check_includes.py [REPOSITORY]       prints every wrong include, and closes with `N passed, N failed`
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
# Files outside of src/ that a folder may use besides: the grammar is the language's own.
EXTRA = {"lang": {"grammar"}}


def order(root):
    """The folders in the order of the build."""
    text = (root / "src" / "meson.build").read_text()
    return re.findall(r"^subdir\('([a-z_]+)'\)", text, re.M)


def wrong_includes(root, path, folder, above):
    """Places of includes that point at no folder above, or at no file."""
    trouble = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        target = found.group(1)
        place = f"{path.relative_to(root)}:{number}"
        first = target.split("/")[0]
        if "/" not in target:
            trouble.append(f'{place}: "{target}" is not written from src/')
        elif first not in above and first not in EXTRA.get(folder, ()):
            trouble.append(f'{place}: {folder} must not include "{target}"')
        elif first in above and not (root / "src" / target).exists():
            trouble.append(f'{place}: there is no src/{target}')
    return trouble


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    folders = order(root)
    files, failed = 0, 0
    known = set(folders)
    for folder in sorted(p.name for p in (root / "src").iterdir() if p.is_dir() and any(p.rglob("*.[ch]pp"))):
        if folder not in known:
            print(f"src/{folder} is not in src/meson.build")
            failed += 1
    for index, folder in enumerate(folders):
        above = set(folders[: index + 1])
        for path in sorted((root / "src" / folder).rglob("*.[ch]pp")):
            files += 1
            trouble = wrong_includes(root, path, folder, above)
            failed += bool(trouble)
            for line in trouble:
                print(line)
    print(f"{files - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
