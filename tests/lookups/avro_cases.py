"""The codec avro, with schemas from a web server and from a registry."""
import base64
import json
import struct
import subprocess
import tempfile

from checks import ENVIRONMENT, check, equal, free_port
from harness import Server, certificates

SCHEMA = json.dumps({"type": "record", "name": "Flow", "fields": [{"name": "host", "type": "string"},
                                                                  {"name": "bytes", "type": "long"}]})
OTHER = json.dumps({"type": "record", "name": "Log", "fields": [{"name": "line", "type": "string"}]})
DATUM = b"\x0aalpha\x54"  # alpha, 42
EVENT = {"host": "alpha", "bytes": 42}


def run(p, codec_in, codec_out, data):
    config = f"input {{ stdin {{ codec => {codec_in} }} }} output {{ stdout {{ codec => {codec_out} }} }}"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(p.command(config, folder, "--pipeline.ecs_compatibility", "disabled", "-w", "1"),
                              input=data, capture_output=True, timeout=60, env=ENVIRONMENT)
    p.log = done.stderr.decode(errors="replace")
    equal(done.returncode, 0, f"exit status ({p.log})")
    return done.stdout


def decoded(p, options, data):
    out = run(p, f'avro {{ encoding => "binary" {options} }}', "json_lines", data)
    return [json.loads(line) for line in out.decode().splitlines()]


def encoded(p, options, *events):
    lines = "".join(json.dumps(event) + "\n" for event in events).encode()
    return run(p, "json_lines", f'avro {{ encoding => "binary" {options} }}', lines)


def holds(event, wanted):
    equal({key: event.get(key) for key in wanted}, wanted)


def case_a_schema_under_a_url(p):
    with Server(lambda r: (200, {}, SCHEMA)) as s:
        event, = decoded(p, f'schema_uri => "{s.url}/flow.avsc"', DATUM)
    holds(event, EVENT)
    equal([r.path for r in s.requests], ["/flow.avsc"])


def case_a_schema_as_a_registry_wraps_it_with_a_login(p):
    with Server(lambda r: (200, {}, {"subject": "flow", "version": 3, "schema": SCHEMA})) as s:
        event, = decoded(p, f'schema_uri => "{s.url}/subjects/flow/versions/latest" username => "u" password => "p w"',
                         DATUM)
    holds(event, EVENT)
    equal(s.requests[0].headers["Authorization"], "Basic " + base64.b64encode(b"u:p w").decode())


def case_a_schema_over_tls(p):
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = certificates(folder)
        with Server(lambda r: (200, {}, SCHEMA), tls=(certificate, key)) as s:
            trusting = f'schema_uri => "{s.url}/f" ssl_certificate_authorities => "{certificate}"'
            holds(decoded(p, trusting, DATUM)[0], EVENT)
            equal(decoded(p, f'schema_uri => "{s.url}/f"', DATUM), [], "events without trust")
            holds(decoded(p, f'schema_uri => "{s.url}/f" ssl_verification_mode => "none"', DATUM)[0], EVENT)


def case_the_registry_is_asked_once_a_schema(p):
    def answer(r):
        schemas = {"/schemas/ids/7": SCHEMA, "/schemas/ids/16909060": OTHER}
        found = schemas.get(r.path)
        return (200, {}, {"schema": found}) if found else (404, {}, {"error_code": 40403})
    with Server(answer) as s:
        registry = f'schema_registry_url => "{s.url}/"'
        holds(decoded(p, registry, b"\0" + struct.pack(">I", 7) + DATUM)[0], EVENT)
        holds(decoded(p, registry, b"\0\1\2\3\4\x02x")[0], {"line": "x"})
        failed, = decoded(p, registry + " tag_on_failure => true", b"\0\0\0\0\x63" + DATUM)
        equal(failed["tags"], ["_avroparsefailure"])
        no_mark, = decoded(p, registry + " tag_on_failure => true", b"\1\0\0\0\7" + DATUM)
        equal(no_mark["tags"], ["_avroparsefailure"])
        before = len(s.requests)
        out = encoded(p, registry + " schema_registry_id => 7", EVENT, EVENT | {"bytes": "no"}, EVENT)
        equal(out, (b"\0" + struct.pack(">I", 7) + DATUM) * 2)
        equal([r.path for r in s.requests[before:]], ["/schemas/ids/7"])


def case_a_server_that_stumbles_is_asked_again(p):
    answers = [None, (503, {}, "later"), (200, {}, SCHEMA)]
    with Server(lambda r: answers.pop(0)) as s:
        holds(decoded(p, f'schema_uri => "{s.url}/s"', DATUM)[0], EVENT)
    equal(len(s.requests), 3)


def case_without_a_server_data_are_kept_as_they_are(p):
    event, = decoded(p, f'schema_uri => "http://127.0.0.1:{free_port()}/s" tag_on_failure => true', DATUM)
    equal((event["message"], event["tags"]), ("\nalphaT", ["_avroparsefailure"]))
    check("A schema cannot be had" in p.log, p.log)


def case_what_is_no_schema_is_said(p):
    with Server(lambda r: (200, {}, "<html>")) as s:
        equal(decoded(p, f'schema_uri => "{s.url}/s"', DATUM), [])
    check("it is not JSON" in p.log, p.log)
