"""Figures as text and as Markdown, and their comparison with a stored baseline."""
import json
import pathlib
import platform
import re
import statistics

HERE = pathlib.Path(__file__).resolve().parent
BASELINE = HERE / "baseline.json"
PAGE = HERE.parent.parent / "docs" / "performance.md"
ELSEWHERE = json.loads((HERE / "elsewhere.json").read_text())
PEERS = ("logstash", "vector", "fluent-bit", "rsyslog", "syslog-ng")


def median(runs, name):
    return statistics.median(getattr(run, name) for run in runs)


class Result:
    """A throughput case: the runs of each program, and the limit program's figures at that time."""

    def __init__(self, case, runs, limit, notes):
        self.case, self.runs, self.limit, self.notes = case, runs, limit, notes
        self.cpu_us = median(runs["sluice"], "cpu_us")
        self.limit_us = case.limit_us(limit)

    def peer_us(self, name):
        """A peer's figure, and whether it was measured elsewhere (then as it would be on a machine like this)."""
        if name in self.runs:
            return median(self.runs[name], "cpu_us"), False
        if name in self.case.elsewhere:
            return self.case.elsewhere[name] / ELSEWHERE["slower"], True
        return None, False

    def line(self, name):
        runs = self.runs[name]
        costs = sorted(run.cpu_us for run in runs)
        return (f"  {name:<11}{statistics.median(costs):8.3f} us  ({costs[0]:.3f} to {costs[-1]:.3f})  "
                f"{median(runs, 'rate'):>11,.0f} /s  {max(run.rss for run in runs):5.0f} MiB")

    def text(self):
        lines = [f"{self.case.name} ({self.case.id}): {self.case.work}", self.line("sluice")]
        if self.case.goal_us:
            lines[-1] += f"  goal {self.case.goal_us:g}{'' if self.cpu_us <= self.case.goal_us else ' MISSED'}"
        if self.limit_us:
            lines.append(f"  {'limit':<11}{self.limit_us:8.3f} us   sluice is {self.cpu_us / self.limit_us:.1f} times it")
        waits = [run.load["p99_ms"] for run in self.runs["sluice"] if "p99_ms" in run.load]
        if waits:
            halves = statistics.median(run.load["p50_ms"] for run in self.runs["sluice"])
            lines.append(f"  acknowledged after {halves:.1f} ms (median), {statistics.median(waits):.1f} ms (p99)")
        drops = [f"{run.load['dropped']:,.0f}" for run in self.runs["sluice"] if "dropped" in run.load]
        if drops:
            sent = statistics.median(run.load["rate"] for run in self.runs["sluice"])
            lines.append(f"  {sent:,.0f} a second were sent; dropped in the runs: {', '.join(drops)}")
        if "other" in self.runs:
            return "\n".join([*lines, self.line("other")])
        for name in PEERS:
            cost, elsewhere = self.peer_us(name)
            if cost is None:
                continue
            lines.append(self.line(name) if not elsewhere else f"  {name:<11}{cost:8.3f} us  from a figure of another machine")
            lines[-1] += f"  {cost / self.cpu_us:5.1f} times sluice's"
            if name in self.case.notes:
                lines[-1] += f"  ({self.case.notes[name]})"
        return "\n".join(lines + [f"  {note}" for note in self.notes])

    def row(self):
        cells = [self.case.id, self.case.work, f"**{self.cpu_us:.2f}**", f"{self.case.goal_us:g}" if self.case.goal_us else "",
                 f"{self.limit_us:.2f}" if self.limit_us else "", f"{self.cpu_us / self.limit_us:.1f}" if self.limit_us else "",
                 f"{median(self.runs['sluice'], 'rate') / 1000:,.0f}", f"{max(run.rss for run in self.runs['sluice']):.0f}"]
        for name in PEERS:
            cost, elsewhere = self.peer_us(name)
            cells.append("" if cost is None else f"{cost / self.cpu_us:.1f}×" + ("*" if elsewhere else ""))
        return "| " + " | ".join(cells) + " |"


class Special:
    """A case with figures of its own: (name, value, unit, goal) each; goal is text or None."""

    def __init__(self, case, figures):
        self.case, self.figures = case, figures

    def text(self):
        lines = [f"{self.case.name}: {self.case.work}"]
        return "\n".join(lines + [f"  {name:<58}{value:>12} {unit:<8}{'goal ' + goal if goal else ''}"
                                  for name, value, unit, goal in self.figures])

    def rows(self):
        return [f"| `{self.case.name}` | {name} | {value} {unit} | {goal or ''} |" for name, value, unit, goal in self.figures]


class Baseline:
    """baseline.json: per case the CPU per event and what the machine's limit was at that time."""

    def __init__(self):
        self.cases = json.loads(BASELINE.read_text())["cases"] if BASELINE.exists() else {}

    def update(self, results):
        for result in results:
            if isinstance(result, Result):
                self.cases[result.case.name] = {"cpu_us": round(result.cpu_us, 3), "limit_ns": result.limit}
        BASELINE.write_text(json.dumps({"machine": machine(), "cases": dict(sorted(self.cases.items()))}, indent=2) + "\n")

    def compare(self, results, slower):
        """Prints the ratios; false when one is above `slower`. The limit takes the machine out of the ratio."""
        good = True
        for result in results:
            known = self.cases.get(result.case.name) if isinstance(result, Result) else None
            if known is None:
                continue
            parts = result.case.limit or ["frame", "parse"]
            speed = sum(result.limit[part] for part in parts) / sum(known["limit_ns"][part] for part in parts)
            good &= say_ratio(result.case.name, result.cpu_us / speed / known["cpu_us"], slower, "the baseline")
        return good


def say_ratio(name, ratio, slower, what):
    print(f"{name:<24} {ratio:6.3f} of {what}{'  SLOWER' if ratio > slower else ''}")
    return ratio <= slower


def compare_binaries(results, slower):
    """Prints the median of the ratios of runs that followed each other; false when one is above `slower`."""
    good = True
    for result in results:
        if isinstance(result, Result):
            ratios = [a.cpu_us / b.cpu_us for a, b in zip(result.runs["sluice"], result.runs["other"])]
            good &= say_ratio(result.case.name, statistics.median(ratios), slower, "the other's CPU time")
    return good


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    names = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    cores = pathlib.Path("/proc/cpuinfo").read_text().count("processor\t")
    return (f"{cores} cores, {cpu[1] if cpu else platform.machine()}, {int(memory[1]) // 1024**2} GiB, "
            + names.get("PRETTY_NAME", "").strip('"'))


def tables(results, peers):
    """The tables of docs/performance.md."""
    versions = [f"{peer.name}: {peer.version()}." for peer in peers]
    lines = [f"{machine()}.", *versions, "",
             "| | work | CPU µs per event | goal | limit | times the limit | 1,000 events/s | RSS MiB | Logstash | Vector "
             "| Fluent Bit | rsyslog | syslog-ng |", "|---" * 13 + "|"]
    lines += [result.row() for result in results if isinstance(result, Result)]
    lines += ["", "| | figure | measured | goal |", "|---|---|---|---|"]
    for result in results:
        if isinstance(result, Special):
            lines += result.rows()
    return "\n".join(lines)


def update_page(figures, costs):
    """Puts the figures and the costs between their marks in docs/performance.md."""
    text = PAGE.read_text()
    for name, new in (("figures", figures), ("costs", "```\n" + "\n".join(costs) + "\n```")):
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        text = text[:text.index(begin) + len(begin)] + new + text[text.index(end):]
    PAGE.write_text(text)
