"""Where the CPU time of a case goes: perf's samples of one run, the functions that have most of them."""
import re
import signal
import subprocess

from run import Failed, Run, wait_until


def top(case, program, tools, lines, count=10):
    """(share in per cent, function) of the program's busiest functions, kernel included."""
    with Run(case, program, tools, lines, case.rounds) as run:
        data = run.folder / "perf.data"
        run.wait_ready()
        perf = subprocess.Popen(["perf", "record", "-e", "cpu-clock", "-F", "4000", "-p", str(run.process.pid), "-o", str(data)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(data.exists, lambda: "perf record does not start")
        run.measure()
        perf.send_signal(signal.SIGINT)
        perf.wait()
        done = subprocess.run(["perf", "report", "-i", str(data), "--no-children", "--stdio", "-F", "overhead,symbol"],
                              capture_output=True, text=True)
    found = re.findall(r"^\s*([\d.]+)%\s+\[([.k])\]\s+(.*)$", done.stdout, re.M)
    if not found:
        raise Failed(f"perf report says nothing: {done.stderr[-500:]}")
    return [(float(share), short(name) + (" (kernel)" if place == "k" else "")) for share, place, name in found[:count]]


def short(name):
    """A function's name without its arguments and without what makes templates long."""
    name = re.sub(r"\(anonymous namespace\)::|sluice::|std::", "", name.strip())
    name = re.sub(r" *\[clone .*", "", name)
    depth, out = 0, ""
    for c in name:
        if c == "(" and not out.endswith("operator"):
            break
        depth += (c == "<") - (c == ">")
        if depth == 0 and c != ">":
            out += c
    return out.strip()


def text(case, found):
    return f"{case.name} ({case.id})\n" + "\n".join(f"  {share:5.1f} %  {name}" for share, name in found)
