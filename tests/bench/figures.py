"""The cases whose figure is not the CPU time of an event. Each function gives (name, value, unit, goal) for each figure;
`runs` is 0 for a quick check that everything works."""
import contextlib
import os
import pathlib
import resource
import socket
import statistics
import tempfile
import time

import case as cases
from malloc_count import MallocCount
from run import Failed, Run, get, wait_until

LINES = 100_000


def start(case, sluice, tools, runs):
    found = []
    for name, ports in (("start", ("BEATS_PORT", "TCP_PORT", "UDP_PORT", "API_PORT", "INDEX_PORT")),
                        ("tcp_json_null", ("TCP_PORT", "API_PORT"))):
        times, cpu, idle = [], [], 0
        for _ in range(max(3 * runs, 1)):
            with Run(cases.load(name), sluice, tools, 1, 1) as run:
                run.process.wait_listening(*(run.ports[port] for port in ports), step=0.0002)
                times.append((time.monotonic() - run.process.started) * 1000)
                cpu.append(run.process.cpu_seconds() * 1000)
                time.sleep(0.3)
                idle = max(idle, run.process.memory("VmRSS"))
        what = "pipelines/main.conf with the embedded index" if name == "start" else f"the config of {name}"
        found += [(f"{what}: to all ports listening", f"{statistics.median(times):.1f}", "ms", "< 20"),
                  (f"{what}: CPU time until then", f"{statistics.median(cpu):.1f}", "ms", None),
                  (f"{what}: memory when idle", f"{idle:.1f}", "MiB", "< 32")]
    return found


def latency(case, sluice, tools, runs):
    def load(rate, count):
        with Run(case, sluice, tools, 1, 1) as run:
            run.process.wait_listening(run.ports["TCP_PORT"], run.ports["BACK_PORT"])
            time.sleep(0.1)
            done = tools.load("latency", port=run.ports["TCP_PORT"], out=run.ports["BACK_PORT"], rate=int(rate), count=int(count))
        if done["received"] != done["sent"]:
            raise Failed(f"{done['received']} of {done['sent']} events came back")
        return done

    if runs == 0:
        return [("", load(10_000, 2000)["p50_ms"], "ms", None)]
    most = statistics.median(300_000 / load(10**9, 300_000)["seconds"] for _ in range(3))
    found = [load(most / 2, most * 2) for _ in range(runs)]
    return [("load that it takes, with the generator on the same cores", f"{most / 1000:,.0f}", "K/s", None),
            ("half of it: from due to back, median", f"{statistics.median(one['p50_ms'] for one in found):.2f}", "ms", None),
            ("half of it: from due to back, p99", f"{statistics.median(one['p99_ms'] for one in found):.2f}", "ms", "< 10")]


def scaling(case, sluice, tools, runs):
    found = {1: [], 2: []}
    lines, rounds = (LINES, 3) if runs else (2000, 1)
    for _ in range(max(runs, 1)):
        for workers in found:
            with Run(case, sluice, tools, lines, rounds, options=("-w", workers)) as run:
                found[workers].append(run.measure())
    one, two = ([statistics.median(getattr(each, name) for each in found[workers]) for name in ("rate", "cpu_us")]
                for workers in found)
    return [("one worker", f"{one[0] / 1000:,.0f}", "K/s", None), ("two workers", f"{two[0] / 1000:,.0f}", "K/s", None),
            ("two workers, times one", f"{two[0] / one[0]:.2f}", "", ">= 1.8"),
            ("CPU per event with two workers, times that with one", f"{two[1] / one[1]:.2f}", "", None)]


def long(case, sluice, tools, runs):
    """Five times a million, each waited for."""
    lines, rounds = (LINES, 10) if runs else (2000, 1)
    found = []
    with Run(case, sluice, tools, lines, rounds) as run:
        run.wait_ready()
        for _ in range(5):
            before = run.process.cpu_seconds()
            run.send(rounds)
            run.wait_done()
            cost = (run.process.cpu_seconds() - before) / (lines * rounds) * 1e6
            found.append((cost, run.process.memory("VmRSS")))
        highest = run.process.memory("VmHWM")
        run.check_count()
    rows = [(f"million {i + 1}: CPU per event, memory after it", f"{cost:.2f} us, {rss:.0f}", "MiB", None)
            for i, (cost, rss) in enumerate(found)]
    return rows + [("third million, times the first", f"{found[2][0] / found[0][0]:.2f}", "", "1.0"),
                   ("highest memory", f"{highest:.0f}", "MiB", "< 150")]


def found_documents(run, index):
    with contextlib.suppress(OSError):
        return get(f"http://127.0.0.1:{run.ports['INDEX_PORT']}/{index}/_count")["count"]
    return 0


def beats_connections(case, sluice, tools, count):
    """`count` Beats connections at once with ten events each, acknowledged from the embedded index."""
    with Run(case, sluice, tools, count * 10, 1) as run:
        run.process.wait_listening(run.ports["BEATS_PORT"], run.ports["INDEX_PORT"])
        load = tools.load("beats", file=run.input, port=run.ports["BEATS_PORT"], connections=count, window=10, ahead=1)
        if (documents := found_documents(run, "logs-*")) != count * 10:
            raise Failed(f"{documents} of {count * 10} events are in the index")
    return [(f"{count:,} Beats connections at once: {count * 10:,} events acknowledged after", f"{load['seconds']:.2f}", "s", None)]


def idle_connections(case, sluice, tools, count):
    """`count` TCP connections, of which the last one sends something."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 500:
        return [(f"{count:,} idle TCP connections", f"skipped, the limit of open files is {hard}", "", None)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack, Run(case, sluice, tools, 1, 1) as run:
        run.process.wait_listening(run.ports["TCP_PORT"], run.ports["INDEX_PORT"])
        before = run.process.memory("VmRSS")
        for _ in range(count):
            last = stack.enter_context(socket.create_connection(("127.0.0.1", run.ports["TCP_PORT"])))
        last.sendall(b'{"message":"still here","tenant_id":"idle"}\n')
        wait_until(lambda: found_documents(run, "logs-idle-*") == 1, run.process.said)
        each = (run.process.memory("VmRSS") - before) * 1024 / count
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return [(f"{count:,} idle TCP connections: memory for each", f"{each:.1f}", "KiB", None)]


def connections(case, sluice, tools, runs):
    return beats_connections(case, sluice, tools, 1000 if runs else 50) + idle_connections(
        case, sluice, tools, 10_000 if runs else 100)


def allocations(case, sluice, tools, runs):
    """A long run's calls less those of a short one, divided by the events between."""
    library = tools.folder / "libmalloc_count.so"
    if not library.exists():
        return [("", "skipped, no libmalloc_count.so here", "", None)]
    found = []
    everyone = sorted(map(cases.load, cases.names()), key=lambda one: one.order)
    for measured in [one for one in everyone if one.kind == "throughput"][:None if runs else 1]:
        calls = []
        for rounds in (1, 3) if runs else (1, 2):
            counter = MallocCount(library, pathlib.Path(tempfile.gettempdir(), f"malloc-count-{os.getpid()}"))
            with Run(measured, sluice, tools, LINES if runs else 1000, rounds, environment=counter.environment()) as run:
                run.measure()
                calls.append((counter.calls(), run.events))
            counter.path.unlink()
        (short, few), (long_, many) = calls
        found.append((measured.name, f"{max(0, long_ - short) / (many - few):.2f}", "calls", "0.0"))
    return found


KINDS = {kind.__name__: kind for kind in (start, latency, scaling, long, connections, allocations)}
