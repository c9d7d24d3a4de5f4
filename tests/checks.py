"""What tests that run the real program share: how they fail, and where they listen."""
import os
import socket

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
