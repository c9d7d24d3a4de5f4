"""The keystore: its commands, its file, and that its values are used and never shown."""
import os
import stat
import urllib.request

from checks import check, equal, free_port
from engine import has, lacks

SECRET = "hunter2-is-the-secret"
PASSWORD = {"LOGSTASH_KEYSTORE_PASS": "open sesame"}


def keystore(engine, *arguments, input="", password=PASSWORD):
    return engine.command("keystore", *arguments, "--path.settings", engine.settings, input=input, environment=password)


def filled(engine, **secrets):
    equal(keystore(engine, "create")[0], 0, "create")
    for name, value in secrets.items():
        status, text = keystore(engine, "add", name, "--stdin", input=value + "\n")
        equal((status, text), (0, f"Added '{name.lower()}' to the Logstash keystore.\n"), "add")
    engine.environment |= PASSWORD


def case_create_add_list_remove(engine):
    status, text = keystore(engine, "list")
    equal(status, 1, "list without a keystore")
    has(text, "Logstash keystore not found", "create")
    status, text = keystore(engine, "create")
    equal((status, text), (0, f"Created Logstash keystore at {engine.settings}/logstash.keystore\n"))
    equal(stat.S_IMODE(os.stat(engine.settings / "logstash.keystore").st_mode), 0o600, "mode")
    equal(keystore(engine, "add", "B", input="one\n"), (0, "Enter value for B: Added 'b' to the Logstash keystore.\n"))
    equal(keystore(engine, "add", "a", "c", "--stdin", input="two\nthree\n")[0], 0, "two at once")
    equal(keystore(engine, "list"), (0, "a\nb\nc\n"))
    equal(keystore(engine, "remove", "B"), (0, "Removed 'b' from the Logstash keystore.\n"))
    equal(keystore(engine, "remove", "b"), (1, "ERROR: 'b' does not exist in the Logstash keystore.\n"))
    equal(keystore(engine, "list"), (0, "a\nc\n"))
    equal(os.listdir(engine.settings), ["logstash.keystore"])
    equal(stat.S_IMODE(os.stat(engine.settings / "logstash.keystore").st_mode), 0o600, "mode after a change")


def case_overwriting_is_asked_for(engine):
    filled(engine, key="first value")
    has(keystore(engine, "add", "KEY", input="n\n")[1], "KEY already exists. Overwrite ? [y/N] ")
    equal(keystore(engine, "add", "KEY", input="y\nsecond value\n")[0], 0)
    status, text = engine.run('input { generator { count => 1 message => "${KEY}" } } output { stdout { codec => '
                              'line { format => "%{message}" } } }', "--api.enabled", "false")
    has(text, "second value\n")
    equal(keystore(engine, "create", input="n\n")[0], 1, "create over an old one, refused")
    equal(keystore(engine, "list")[1], "key\n")
    equal(keystore(engine, "create", input="y\n")[0], 0)
    equal(keystore(engine, "list")[1], "")


def case_without_a_password_it_is_asked_for(engine):
    status, text = keystore(engine, "create", input="n\n", password={})
    equal(status, 1)
    has(text, "WARNING: The keystore password is not set", "LOGSTASH_KEYSTORE_PASS")
    check(not os.listdir(engine.settings), "no file is made")
    equal(keystore(engine, "create", input="y\n", password={})[0], 0)
    equal(keystore(engine, "add", "k", "--stdin", input="v\n", password={})[0], 0)
    equal(keystore(engine, "list", password={}), (0, "k\n"))


def case_what_cannot_be_meant_is_refused(engine):
    equal(keystore(engine, "create")[0], 0)
    for arguments, words in ((("add",), "identifier"), (("remove",), "identifier"), (("frob",), "no command"),
                             (("add", "a-b", "--stdin"), "cannot be written"), (("add", "1a", "--stdin"), "digit"),
                             (("add", "a", "--stdin"), "supply a value")):
        status, text = keystore(engine, *arguments)
        equal(status, 1, str(arguments))
        has(text, words)
    status, text = engine.command("keystore", "create", environment=PASSWORD)
    equal(status, 1, "no folder")
    has(text, "--path.settings")


def case_a_wrong_password_is_a_plain_error(engine):
    filled(engine, es_pw=SECRET)
    engine.environment["LOGSTASH_KEYSTORE_PASS"] = "close sesame"
    for status, text in (engine.run("filter { }", "--test"), engine.run('input { stdin { } } output { null { } }'),
                         keystore(engine, "list", password={})):
        equal(status, 1)
        has(text, "logstash.keystore cannot be opened", "LOGSTASH_KEYSTORE_PASS")
        lacks(text, SECRET, "unexpected")


def case_a_damaged_file_is_a_plain_error(engine):
    filled(engine, es_pw=SECRET)
    path = engine.settings / "logstash.keystore"
    whole = path.read_bytes()
    check(SECRET.encode() not in whole and b"es_pw" not in whole, "the file shows what it holds")
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1:])
        status, text = keystore(engine, "list")
        equal(status, 1, f"byte {at} changed")
        has(text, str(path))
    for size in (0, 5, 20, 39, 55, len(whole) - 1):
        path.write_bytes(whole[:size])
        equal(keystore(engine, "list")[0], 1, f"{size} bytes left")
    path.write_bytes(b"\x30\x82\x05\x2c\x02\x01\x03" + bytes(200))
    has(keystore(engine, "list")[1], "no keystore of this engine")


def case_it_wins_over_the_environment_in_configs_and_settings(engine):
    filled(engine, who="the keystore", name="node-of-keystore")
    engine.write("logstash.yml", "node.name: ${NAME}\napi.enabled: ${API:false}\n")
    config = ('input { generator { count => 1 message => "${WHO} and ${ELSE} and ${NONE:default}" } } '
              'output { stdout { codec => line { format => "%{message} %{[host][name]}" } } }')
    status, text = engine.run(config, environment={"WHO": "the environment", "NAME": "env", "ELSE": "the environment"})
    equal(status, 0, text)
    has(text, "the keystore and the environment and default node-of-keystore\n")
    engine.write("pipelines.yml", '- pipeline.id: "${WHO:x}"\n  config.string: "filter { }"\n')
    status, text = engine.command("--path.settings", engine.settings, "--test")
    equal(status, 0, text)
    has(text, "x: Configuration OK")  # pipelines.yml knows the environment alone


def case_values_are_in_no_diagnostic_and_no_drawing(engine):
    filled(engine, es_pw=SECRET)
    bad = 'filter { mutate { convert => { "a" => "${ES_PW}" } } date { match => ["a", "${ES_PW} {{"] } }'
    for arguments in (("--test",), ("--test", "--format", "json"), ()):
        status, text = engine.run(bad, *arguments)
        equal(status, 1)
        has(text, "Invalid conversion type")
        lacks(text, SECRET)
    good = 'input { beats { port => 0 } } filter { if [a] == "${ES_PW}" { drop { } } } output { null { id => "${ES_PW}" } }'
    path = engine.write("good.conf", good)
    for form in ("text", "json", "dot", "mermaid"):
        status, text = engine.command("explain", path, "--path.settings", engine.settings, "--format", form)
        equal(status, 0, text)
        lacks(text, SECRET)
    status, text = engine.run(bad.replace("convert", SECRET), "--test")
    lacks(text.replace(" 1 | ", ""), "Unknown setting '" + SECRET)
    status, text = engine.run("filter { }", "--log.level", "${ES_PW}")
    engine.write("logstash.yml", "log.level: ${ES_PW}\n")
    status, text = engine.run("filter { }", "--test")
    equal(status, 1)
    has(text, "log.level")
    lacks(text, SECRET)


def case_values_are_in_no_log_and_no_api_answer(engine):
    filled(engine, es_pw=SECRET, quoted='say "friend" and enter')
    port = free_port()
    config = ('input { heartbeat { interval => 60 id => "${ES_PW}" } } '
              'filter { grok { match => { "message" => "(${QUOTED})?${ES_PW}" } id => "g" } } '
              'output { tcp { host => "127.0.0.1" port => 1 id => "${QUOTED}" } '
              'elasticsearch { hosts => "http://127.0.0.1:1" user => "u" password => "${ES_PW}" } }')
    for form in ("plain", "json"):
        engine.start(config, "--log.level", "trace", "--config.debug", "--log.format", form, "--api.http.port", port,
                     "-w", "1")
        text = ""
        for path in ("/", "/_node/stats", "/_node/stats/pipelines", "/metrics"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                text += answer.read().decode()
        engine.stop()
        lacks(engine.log + text, SECRET, 'say "friend"', 'say \\"friend\\"')
