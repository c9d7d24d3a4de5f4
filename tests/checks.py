"""What tests that run the real program share: how they fail, and where they listen."""
import os
import pathlib
import socket
import tempfile
import traceback

ENVIRONMENT = {"PATH": os.environ["PATH"], "TZ": "UTC", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
ENVIRONMENT |= {k: v for k, v in os.environ.items() if k.startswith(("ASAN_", "UBSAN_"))}


class Failed(Exception):
    """What a test found wrong, in words."""


class Skipped(Exception):
    """Why a test cannot run here."""


def check(condition, what):
    if not condition:
        raise Failed(what)


def equal(got, wanted, what=""):
    check(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_tests(tests, make, only=""):
    """Runs the functions test_* among `tests` (a module's globals) whose names have `only`, each with what make() gives for a
    folder of its own, and closes that. Prints failures with the end of the folder's engine.log. The exit status."""
    passed = failed = 0
    for name, test in list(tests.items()):
        if not name.startswith("test_") or only not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            bench = make(pathlib.Path(folder))
            try:
                test(bench)
                passed += 1
            except Exception:  # a failure of one test must not end the run
                failed += 1
                print(f"FAIL {name}\n{traceback.format_exc()}")
                log = pathlib.Path(folder) / "engine.log"
                if log.exists():
                    print("".join(log.read_text().splitlines(True)[-15:]))
            finally:
                bench.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
