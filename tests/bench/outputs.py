"""What has to come out: against expected.jsonl before anything is timed, and of two programs against each other."""
import datetime
import json

from run import Failed, Run

EXPECTED_LINES = 20


def without(event, names):
    """A copy without the fields that differ from run to run; `a.b` is b of a."""
    copy = json.loads(json.dumps(event))
    for name in names:
        *parents, last = name.split(".")
        place = copy.get("document", copy)
        for parent in parents:
            place = place.get(parent, {})
        place.pop(last, None)
    return copy


def canonical(events, varies):
    """One line of text for each event, whatever the order of events and fields."""
    return sorted(json.dumps(without(event, varies), sort_keys=True, ensure_ascii=False) for event in events)


def capture(case, program, tools, lines):
    with Run(case, program, tools, lines, 1, capture=True) as run:
        run.measure()
        return run.output()


def first_difference(wanted, got):
    for a, b in zip(wanted, got):
        if a != b:
            return f"wanted {a}\n     got {b}"
    return f"{len(wanted)} events wanted, {len(got)} came"


def check_expected(case, program, tools, update=False):
    got = canonical(capture(case, program, tools, EXPECTED_LINES), case.varies)
    path = case.folder / "expected.jsonl"
    if update:
        path.write_text("\n".join(got) + "\n")
    wanted = path.read_text().splitlines() if path.exists() else []
    if got != wanted:
        raise Failed(f"{case.name}: not what has to come out\n  {first_difference(wanted, got)}")


def check_same(case, one, other, tools, lines=5000):
    """Two binaries have to write the same."""
    wanted, got = (canonical(capture(case, program, tools, lines), case.varies) for program in (one, other))
    if got != wanted:
        raise Failed(f"{case.name}: {one.name} and {other.name} do not write the same\n  {first_difference(wanted, got)}")


def plain(value):
    """A value as text that says the same whoever wrote it: numbers, times and quotes have several forms."""
    text = "-" if value is None else str(value).strip('"')
    for read in (float, lambda t: datetime.datetime.fromisoformat(t).timestamp()):
        try:
            return str(round(read(text), 3))
        except ValueError:
            pass
    return text


def field(event, name):
    if name == "_index":
        return next(iter(event["action"].values()))["_index"]
    value = event.get("document", event)
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def check_peer(case, ours, peer, tools, lines=1000):
    """The peer's fields have to say the same as ours, apart from those that the case excuses."""
    names = [name for name in case.compared if name not in case.not_compared.get(peer.name, [])]
    if not names:
        return
    table = [sorted([plain(field(event, name)) for name in names] for event in capture(case, program, tools, lines))
             for program in (ours, peer)]
    if table[0] != table[1]:
        raise Failed(f"{peer.name} does not write the same: {first_difference(*table)}")
