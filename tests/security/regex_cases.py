"""Regular expressions that would search for years: each place that has one ends in time, and says which it was."""
import json
import time
import urllib.request

from checks import check, equal, free_port
from engine import has

# Needs some 2^40 steps to say no; the reference behind it keeps every faster engine away.
EVIL = r"^(a|aa|aaa)+(b)?\2x$"
TEXT = "a" * 60 + "!x"


def run(engine, filters, message=TEXT, arguments=()):
    """The event, and how long it took."""
    config = (f"input {{ generator {{ id => 'the_source' count => 1 message => '{message}' }} }} filter {{ {filters} }} "
              "output { stdout { codec => json_lines } }")
    began = time.monotonic()
    status, text = engine.run(config, "--api.enabled", "false", "-w", "1", "--regex.timeout", "300ms",
                              "--pipeline.ecs_compatibility", "disabled", *arguments)
    equal(status, 0, text)
    event = next(json.loads(line) for line in text.splitlines() if line.startswith("{"))
    took = time.monotonic() - began
    check(took < 20, f"it took {took:.1f} s")
    return event, text


def case_a_condition_counts_as_not_matching(engine):
    event, text = run(engine, f"if [message] =~ /{EVIL}/ {{ mutate {{ add_tag => 'yes' }} }} "
                              "else { mutate { add_tag => 'no' } }")
    equal(event["tags"], ["no"])
    line = next(line for line in text.splitlines() if "took too long" in line)
    has(line, json.dumps(EVIL), "message", "input the_source", "WARN")
    event, _ = run(engine, f"if [message] !~ /{EVIL}/ {{ mutate {{ add_tag => 'unlike' }} }}")
    equal(event["tags"], ["unlike"])


def case_grok_is_tagged(engine):
    event, text = run(engine, f"grok {{ match => {{ 'message' => '{EVIL}' }} timeout_millis => 300 }}")
    equal(event["tags"], ["_groktimeout"])
    has(text, "Timeout executing grok", "against field 'message'", "input the_source")


def case_gsub_is_tagged(engine):
    event, text = run(engine, f"mutate {{ gsub => ['message', '{EVIL}', 'x'] }}")
    equal(event["tags"], ["_mutate_error"])
    equal(event["message"], TEXT)
    has(text, "took too long", "field message", "input the_source")


def case_kv_is_tagged(engine):
    event, text = run(engine, r"kv { field_split_pattern => '(?:x|xx|xxx)+(y)?\1z' timeout_millis => 300 }",
                      message="a=" + "x" * 70)
    has(str(event.get("tags")), "_kv_filter_timeout")
    has(text, "Timeout reached in KV filter", "message", "input the_source")


def case_prune_leaves_the_event_and_says_so(engine):
    event, text = run(engine, f"prune {{ blacklist_values => ['message', '{EVIL}'] }}")
    equal(event["message"], TEXT)
    has(text, "An event could not be pruned", "took too long", "input the_source")


def case_translate_goes_on(engine):
    event, _ = run(engine, "translate { source => 'message' target => 'to' regex => true exact => true "
                           f"dictionary => {{ '{EVIL}' => 'one' '{EVIL}y' => 'two' }} fallback => 'none' }}")
    equal(event["to"], "none")


def case_ruby_goes_on(engine):
    event, _ = run(engine, "ruby { code => \"event.set('m', event.get('message') =~ /" + EVIL.replace("\\", "\\\\") +
                           "/ ? 1 : 0) rescue event.set('m', 2)\" }")
    check(event.get("m") in (0, 2) or "_rubyexception" in event.get("tags", []), str(event))


def case_timeouts_are_counted_in_the_api(engine):
    port = free_port()
    engine.start(f"input {{ generator {{ count => 1 message => '{TEXT}' }} heartbeat {{ interval => 60 message => 'x' }} }} "
                 f"filter {{ if [message] =~ /{EVIL}/ {{ drop {{ }} }} }} output {{ stdout {{ codec => line }} }}",
                 "--api.http.port", port, "--regex.timeout", "200ms")
    engine.wait_for("took too long")
    engine.wait_for("aaa!x")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_node/stats") as answer:
        equal(json.load(answer)["regex"], {"timeouts": 1})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        has(answer.read().decode(), "\nsluice_regex_timeouts_total 1\n")


def case_gsub_gives_all_matches_one_budget(engine):
    # Each of the searches takes milliseconds, and there are 5,000 of them: minutes without a budget for all.
    event, text = run(engine, r"mutate { gsub => ['message', '(?:(a|aa|aaa)+(b)?\2y|!)', 'x'] }",
                      message=("a" * 22 + "!") * 5_000 + "y")
    equal(event["tags"], ["_mutate_error"])
    has(text, "took too long")
