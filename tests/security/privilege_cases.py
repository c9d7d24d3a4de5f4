"""What the engine may do on its machine: which user it is, and which system calls it needs."""
import ctypes
import ctypes.util
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import time
import urllib.request

from checks import Skipped, check, equal, free_port
from engine import has

ROOT = pathlib.Path(__file__).resolve().parents[2]
USER = "nobody"


def identities(process):
    """User and group ids, groups and capabilities of every thread."""
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        lines = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines() if ":" in line)
        yield {name: lines[name].split() for name in ("Uid", "Gid", "Groups", "CapPrm", "CapEff", "NoNewPrivs")}


def root_only():
    if os.geteuid() != 0:
        raise Skipped("only root can become another user")


def low_port():
    """A port that only root may open, and that nobody has."""
    for port in range(1023, 600, -1):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise Skipped("no port under 1024 is free")


def open_folder(engine):
    """Lets the user into the case's folder."""
    engine.folder.chmod(0o755)
    data = engine.folder / "data"
    data.mkdir(exist_ok=True)
    os.chown(data, pwd.getpwnam(USER).pw_uid, pwd.getpwnam(USER).pw_gid)
    return data


def case_root_is_given_up_once_the_ports_are_open(engine):
    root_only()
    port, data = low_port(), open_folder(engine)
    account = pwd.getpwnam(USER)
    out = data / "out.log"
    engine.start(f'input {{ tcp {{ port => {port} host => "127.0.0.1" }} }} output {{ file {{ path => "{out}" }} }}',
                 "--user", USER, "--queue.type", "persisted", "--api.enabled", "false")
    ids = list(identities(engine.process.pid))
    check(len(ids) > 3, f"{len(ids)} threads")
    for one in ids:
        equal(set(one["Uid"]), {str(account.pw_uid)}, "user ids of a thread")
        equal(set(one["Gid"]), {str(account.pw_gid)}, "group ids of a thread")
        equal([one["CapPrm"], one["CapEff"], one["NoNewPrivs"]], [["0" * 16], ["0" * 16], ["1"]])
        check("0" not in one["Groups"], f"the group of root stays: {one['Groups']}")
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"a line\n")
    until = time.monotonic() + 20
    while not out.exists() or not out.stat().st_size:
        check(time.monotonic() < until, "nothing is written")
        time.sleep(0.02)
    equal(engine.stop(), 0)
    for file in data.rglob("*"):
        equal(file.stat().st_uid, account.pw_uid, f"the owner of {file}")


def case_what_the_user_may_not_write_is_named(engine):
    root_only()
    data = open_folder(engine)
    (data / "queue").mkdir(mode=0o700)  # root's
    status, text = engine.run("input { generator { count => 1 } } output { null { } }", "--user", USER)
    equal(status, 1)
    has(text, str(data / "queue"), "path.data", f"chown -R {USER} {data}")


def case_users_that_make_no_sense(engine):
    idle = "input { generator { count => 1 } } output { null { } }"
    for user, why in (("no-such-user", "there is no user no-such-user"), (f"{USER}:no-such-group", "there is no group"),
                      ("root", "is root"), ("0:0", "is root")):
        status, text = engine.run(idle, "--user", user)
        equal(status, 1, user)
        has(text, why)
    if os.geteuid() != 0:
        status, text = engine.run(idle, "--user", USER)
        equal(status, 1)
        has(text, "only root can become another user")


def seccomp_filter(profile):
    """Loads a profile in Docker's form into this process, for good. With libseccomp, as Docker does."""
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    deny = 0x00050000 | profile["defaultErrnoRet"]
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(deny)))
    for rule in profile["syscalls"]:
        for name in rule["names"]:
            number = library.seccomp_syscall_resolve_name(name.encode())
            if number != -1:  # -1: another processor's
                library.seccomp_rule_add(context, ctypes.c_uint32(0x7FFF0000), ctypes.c_int(number), 0)
    if library.seccomp_load(context) != 0:
        os._exit(99)


def case_the_engine_works_under_the_seccomp_profile(engine):
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError:
        raise Skipped("libseccomp is not there") from None
    profile = json.loads((ROOT / "docker" / "seccomp.json").read_text())
    equal(profile["defaultAction"], "SCMP_ACT_ERRNO")
    limited = {"preexec_fn": lambda: seccomp_filter(profile)}
    strangers = "import ctypes; c = ctypes.CDLL(None, use_errno=True); print(c.ptrace(0, 0, 0, 0), c.unshare(0x10000000))"
    python = shutil.which("python3")
    equal(subprocess.run([python, "-c", strangers], capture_output=True, timeout=30, text=True, **limited).stdout.split(),
          ["-1", "-1"], "calls that the profile forbids")
    tcp, api, out = free_port(), free_port(), engine.folder / "out.log"
    config = (f'input {{ tcp {{ port => {tcp} host => "127.0.0.1" }} udp {{ port => {free_port()} host => "127.0.0.1" }} }} '
              'filter { grok { match => { "message" => "%{WORD:w}" } } ruby { code => "event.set(\'n\', 1)" } '
              'dns { resolve => ["w"] timeout => 1 max_retries => 0 } } '
              f'output {{ file {{ path => "{out}" }} elasticsearch {{ hosts => "embedded" }} }}')
    process = subprocess.Popen(
        [engine.binary, "-e", config, "--path.data", str(engine.folder / "data"), "--queue.type", "persisted",
         "--dead_letter_queue.enable", "--index.http.port", str(free_port()), "--api.http.port", str(api),
         "--path.logs", str(engine.folder / "logs")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=engine.environment, **limited)
    try:
        until = time.monotonic() + 30
        while not out.exists() or b"hello" not in out.read_bytes():
            check(process.poll() is None and time.monotonic() < until, "nothing is written under the profile")
            try:
                with socket.create_connection(("127.0.0.1", tcp), timeout=1) as client:
                    client.sendall(b"hello world\n")
            except OSError:
                pass
            time.sleep(0.1)
        with urllib.request.urlopen(f"http://127.0.0.1:{api}/_node/stats", timeout=10) as answer:
            check(json.load(answer)["process"], "figures of the process")
    finally:
        process.terminate()
        said = process.communicate(timeout=40)[0].decode(errors="replace")
    equal(process.returncode, 0, said[-2000:])
    check("not permitted" not in said, said[-2000:])
