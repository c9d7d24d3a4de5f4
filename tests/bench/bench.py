#!/usr/bin/env python3
"""What an event costs: Sluice, the peers that are installed, and the machine's limit, on the same work in the same run.

    bench.py BINARY [CASE ...]                      every case, or these
    bench.py BINARY --against OTHER [CASE ...]      two binaries, turn about; fails when BINARY is over 5 % slower
    bench.py BINARY --compare                       with baseline.json, by the ratio to the limit; fails the same way
    bench.py BINARY --check                         outputs only, a few thousand events for each case, nothing timed

The binary's build folder has to be the folder it lies in, or --build. What comes out is compared with what has to come
out before anything is timed; a run that loses an event is an error, not a figure. README.md says more.
"""
import argparse
import json
import pathlib
import statistics
import sys

import case as cases
import costs
import figures
import outputs
import programs
import report
from run import Failed, Run, Tools

LINES = 100_000
PEER_ROUNDS = 2
SLOWER = 1.05


def arguments():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("binary", type=pathlib.Path)
    ap.add_argument("cases", nargs="*", metavar="CASE")
    ap.add_argument("--runs", type=int, default=5, help="runs of each program on each case; the median counts")
    ap.add_argument("--build", type=pathlib.Path, help="the build folder with the load tools")
    ap.add_argument("--against", type=pathlib.Path, metavar="OTHER", help="another binary to compare with")
    ap.add_argument("--no-peers", action="store_true", help="without the other programs")
    ap.add_argument("--compare", action="store_true", help="compare with baseline.json")
    ap.add_argument("--update-baseline", action="store_true", help="write the figures to baseline.json")
    ap.add_argument("--update-expected", action="store_true", help="write expected.jsonl of the cases anew, and end")
    ap.add_argument("--check", action="store_true", help="compare outputs only")
    ap.add_argument("--costs", action="store_true", help="print the functions that use most CPU, by perf, and end")
    ap.add_argument("--markdown", action="store_true", help="print the tables of docs/performance.md at the end")
    ap.add_argument("--update-docs", action="store_true", help="write tables and costs into docs/performance.md")
    args = ap.parse_intermixed_args()
    unknown = set(args.cases) - set(cases.names())
    if unknown:
        ap.error(f"no case {', '.join(unknown)}; there are {', '.join(cases.names())}")
    return args


class Bench:
    def __init__(self, args):
        self.args = args
        self.tools = Tools(args.build or args.binary.resolve().parent)
        self.sluice = programs.Sluice(args.binary)
        self.other = programs.Sluice(args.against, "other") if args.against else None
        self.peers = [] if args.no_peers or args.against else [p for p in programs.peers() if p.binary]

    def measure(self, case, program, rounds):
        with Run(case, program, self.tools, LINES, rounds) as run:
            return run.measure()

    def usable_peers(self, case, notes):
        """The peers that have a config for the case and write what it wants."""
        usable = []
        for peer in self.peers:
            if not peer.can_run(case):
                continue
            try:
                outputs.check_peer(cases.load(case.peers_checked_by or case.name), self.sluice, peer, self.tools)
                usable.append(peer)
            except Failed as failure:
                notes.append(str(failure))
        return usable

    def throughput(self, case):
        outputs.check_expected(case, self.sluice, self.tools)
        notes = []
        own = [self.sluice] + ([self.other] if self.other else [])
        if self.other:
            outputs.check_same(case, self.sluice, self.other, self.tools)
        everyone = own + self.usable_peers(case, notes)
        runs, limits = {program.name: [] for program in everyone}, []
        for i in range(self.args.runs):
            limits.append(self.tools.limit())
            # Turn about, so that no program always follows the same one.
            for program in everyone[i % len(everyone):] + everyone[:i % len(everyone)]:
                rounds = case.rounds if program in own else min(PEER_ROUNDS, case.rounds)
                runs[program.name].append(self.measure(case, program, rounds))
        limit = {part: statistics.median(one[part] for one in limits) for part in limits[0]}
        return report.Result(case, runs, limit, notes)

    def run(self, case):
        if case.kind == "throughput":
            return self.throughput(case)
        return report.Special(case, figures.KINDS[case.kind](case, self.sluice, self.tools, self.args.runs))

    def write_expected(self, case):
        outputs.check_expected(case, self.sluice, self.tools, update=True)

    def costs(self, case):
        return costs.text(case, costs.top(case, self.sluice, self.tools, LINES))

    def check(self, case):
        if case.kind != "throughput":
            figures.KINDS[case.kind](case, self.sluice, self.tools, 0)
            return
        outputs.check_expected(case, self.sluice, self.tools)
        with Run(case, self.sluice, self.tools, 2000, 2) as run:
            run.measure()


def check_all(bench, chosen):
    """For test.sh."""
    failed = 0
    for case in chosen:
        try:
            bench.check(case)
        except Failed as failure:
            failed += 1
            print(f"{case.name}: {failure}")
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return failed == 0


def main():
    args = arguments()
    chosen = [cases.load(name) for name in args.cases or cases.names()]
    chosen.sort(key=lambda case: case.order)
    bench = Bench(args)
    if args.check:
        return check_all(bench, chosen)
    if args.update_expected or args.costs:
        for case in chosen:
            if case.kind == "throughput":
                bench.write_expected(case) if args.update_expected else print(bench.costs(case), flush=True)
        return True
    results, good = [], True
    for case in chosen:
        try:
            results.append(bench.run(case))
            print(results[-1].text(), flush=True)
        except Failed as failure:
            good = False
            print(f"{case.name} FAILED: {failure}", flush=True)
    baseline = report.Baseline()
    if args.update_baseline:
        baseline.update(results)
    if args.compare:
        good &= baseline.compare(results, SLOWER)
    if args.against:
        good &= report.compare_binaries(results, SLOWER)
    if args.markdown:
        print(report.tables(results, bench.peers))
    if args.update_docs:
        found = [bench.costs(result.case) for result in results if isinstance(result, report.Result)]
        report.update_page(report.tables(results, bench.peers), found)
    return good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
