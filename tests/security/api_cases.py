"""The monitoring API: where it listens, whom it answers, and over what."""
import base64
import contextlib
import http.client
import json
import socket
import ssl
import subprocess
import time

from authority import Authority
from checks import check, equal, free_port
from engine import has, lacks

IDLE = "input { heartbeat { interval => 60 } } output { null { } }"
PASSWORD = "Str0ng-enough"


def get(port, path="/", user=None, tls=None, host="127.0.0.1", scheme="Basic"):
    """Status, headers and body. `user`: USER:PASSWORD, or ID:KEY of the scheme ApiKey."""
    make = (lambda: http.client.HTTPSConnection(host, port, context=tls)) if tls else (
        lambda: http.client.HTTPConnection(host, port, timeout=10))
    with contextlib.closing(make()) as connection:
        headers = {} if user is None else {"Authorization": f"{scheme} " + base64.b64encode(user.encode()).decode()}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


def trusting(authority):
    context = ssl.create_default_context(cafile=authority.certificate)
    return context


def basic(engine, more=""):
    engine.write("logstash.yml", f"api.auth.type: basic\napi.auth.basic.username: watcher\n"
                                 f"api.auth.basic.password: {PASSWORD}\n{more}")


def case_by_default_it_answers_this_machine_alone(engine):
    port = free_port()
    engine.start(IDLE, "--api.http.port", port)
    equal(get(port)[0], 200)
    own = socket.gethostbyname(socket.gethostname())
    if not own.startswith("127."):
        try:
            get(port, host=own)
        except OSError:
            return
        check(False, "it answers on " + own)


def case_other_addresses_need_authentication_or_a_setting_that_says_so(engine):
    port = free_port()
    for host in ("0.0.0.0", "::", "192.0.2.1", "some-name", "::ffff:0.0.0.0"):
        status, text = engine.run(IDLE, "--api.http.host", host, "--api.http.port", port)
        equal(status, 1, host)
        has(text, "api.http.host is " + host, "api.auth.type: basic", "api.allow_unauthenticated")
    for host in ("127.0.0.1", "127.0.0.2", "localhost"):
        engine.start(IDLE, "--api.http.host", host, "--api.http.port", port)
        equal(get(port, host="127.0.0.2" if host.endswith("2") else "127.0.0.1")[0], 200, host)
        engine.stop()
    engine.start(IDLE, "--api.http.host", "0.0.0.0", "--api.allow_unauthenticated", "--api.http.port", port)
    equal(get(port)[0], 200)
    has(engine.log, "without asking for a password")
    engine.stop()
    basic(engine)
    engine.start(IDLE, "--api.http.host", "0.0.0.0", "--api.http.port", port)
    equal(get(port)[0], 401)


def case_basic_authentication_holds_for_every_path(engine):
    basic(engine)
    port = free_port()
    engine.start(IDLE, "--api.http.port", port)
    for path in ("/", "/_node/stats", "/_node/stats/pipelines", "/_health_report", "/metrics", "/healthz/x", "/nothing"):
        status, headers, text = get(port, path)
        equal(status, 401, path)
        has(headers["WWW-Authenticate"], "Basic ")
        lacks(text, "version", "heartbeat")
        for user in ("watcher:", "watcher:wrong", "other:" + PASSWORD, ":" + PASSWORD, "watcher", "watche:r" + PASSWORD):
            equal(get(port, path, user)[0], 401, user)
        equal(get(port, path, "watcher:" + PASSWORD)[0], 404 if path in ("/healthz/x", "/nothing") else 200, path)
    engine.wait_for("refused a wrong password or key")
    engine.stop()
    equal(engine.log.count("refused a wrong password"), 1, "lines about refusals")
    lacks(engine.log, PASSWORD)


def case_probes_without_a_password_learn_yes_or_no_alone(engine):
    basic(engine, "pipeline.stall_timeout: 100ms\n")
    port = free_port()
    # The sleep keeps the only worker from getting on.
    engine.start("input { generator { count => 1 } heartbeat { interval => 60 } } filter { sleep { time => 3 } } "
                 "output { null { } }", "--api.http.port", port, "-w", "1")
    for path in ("/healthz", "/readyz", "/healthz/"):
        check(get(port, path)[0] in (200, 503), path)
    until = time.monotonic() + 10
    while get(port, "/readyz")[0] == 200:
        check(time.monotonic() < until, "a stalled worker is never seen")
    without, within = get(port, "/readyz")[2], get(port, "/readyz", "watcher:" + PASSWORD)[2]
    if get(port, "/readyz")[0] == 503:  # the worker has not come back between the two
        lacks(without, "sleep", "main")
        has(within, "sleep")


def case_api_keys(engine):
    keys = ["probe:0123456789abcdef", "other:" + "k" * 40]
    port = free_port()
    engine.write("logstash.yml", "api.auth.type: api_key\napi.auth.api_key.keys:\n  - ${FIRST}\n  - " + keys[1] + "\n")
    engine.environment |= {"FIRST": keys[0]}
    engine.start(IDLE, "--api.http.port", port, "--api.http.host", "0.0.0.0")
    for key in keys:
        equal(get(port, user=key, scheme="ApiKey")[0], 200, key)
        equal(get(port, user=key, scheme="apikey")[0], 200, key)
        equal(get(port, user=key)[0], 401, "the key as a password")
    for wrong in ("probe:", "probe:0123456789abcdeF", "other:0123456789abcdef", keys[1] + "k", ":", ""):
        equal(get(port, user=wrong, scheme="ApiKey")[0], 401, wrong)
    status, headers, _ = get(port)
    equal((status, headers["WWW-Authenticate"]), (401, "ApiKey"))
    equal(get(port, "/healthz")[0], 200)
    engine.stop()
    lacks(engine.log, *keys)
    basic(engine, f"api.auth.api_key.keys: [\"{keys[1]}\"]\n")
    engine.start(IDLE, "--api.http.port", port)
    equal(get(port, user=keys[1], scheme="ApiKey")[0], 200)
    equal(get(port, user="watcher:" + PASSWORD)[0], 200)
    equal(get(port)[1]["WWW-Authenticate"], 'Basic realm="Logstash", ApiKey')
    engine.stop()
    engine.write("logstash.yml", "")
    has(engine.run(IDLE, "--api.auth.type", "api_key")[1], "api.auth.api_key.keys is not set", "keystore")
    for weak in ("nocolon-0123456789abcdef", "id:short", ":0123456789abcdef"):
        status, text = engine.run(IDLE, "--api.auth.type", "api_key", "--api.auth.api_key.keys", weak)
        equal(status, 1, weak)
        has(text, "its key number 1 is not ID:KEY with a KEY of at least 16 characters")
        lacks(text, weak)
    engine.start(IDLE, "--api.auth.api_key.keys", keys[0], "--api.http.port", port)
    has(engine.log, "no effect without api.auth.type: api_key or basic")
    equal(get(port)[0], 200)
    has(engine.run(IDLE, "--api.auth.type", "apikey")[1], "must be one of none|basic|api_key")


def case_the_embedded_index_stays_on_this_machine(engine):
    config = 'input { heartbeat { interval => 60 } } output { elasticsearch { hosts => "embedded" } }'
    port = free_port()
    for host in ("0.0.0.0", "::", "some-name"):
        status, text = engine.run(config, "--index.http.host", host, "--index.http.port", port, "--api.enabled", "false")
        equal(status, 1, host)
        has(text, "index.http.host is " + host, "index.allow_unauthenticated")
    engine.start(config, "--index.http.host", "0.0.0.0", "--index.allow_unauthenticated", "--index.http.port", port,
                 "--api.enabled", "false")
    has(engine.log, "without asking for a password")
    equal(get(port)[0], 200)


def case_the_password_may_come_from_the_keystore(engine):
    password = {"LOGSTASH_KEYSTORE_PASS": "x"}
    engine.command("keystore", "create", "--path.settings", engine.settings, environment=password)
    engine.command("keystore", "add", "API_PW", "--stdin", "--path.settings", engine.settings, input=PASSWORD,
                   environment=password)
    engine.environment |= password
    engine.write("logstash.yml", "api.auth:\n  type: basic\n  basic:\n    username: w\n    password: ${API_PW}\n")
    port = free_port()
    engine.start(IDLE, "--api.http.port", port)
    equal(get(port, user="w:" + PASSWORD)[0], 200)
    equal(get(port, user="w:x")[0], 401)


def case_incomplete_and_weak_credentials(engine):
    port = free_port()
    arguments = ["--api.auth.type", "basic", "--api.http.port", port]
    has(engine.run(IDLE, *arguments)[1], "api.auth.basic.username is not set", "keystore")
    arguments += ["--api.auth.basic.username", "a"]
    has(engine.run(IDLE, *arguments)[1], "api.auth.basic.password is not set")
    for weak, lacking in (("Sh0rt", "at least 8 characters"), ("no-upper-1", "an upper case letter"),
                          ("NO-LOWER-1", "a lower case letter"), ("No-digit-at-all", "a digit")):
        status, text = engine.run(IDLE, *arguments, "--api.auth.basic.password", weak,
                                  "--api.auth.basic.password_policy.mode", "ERROR")
        equal(status, 1, weak)
        has(text, "is weak: it lacks " + lacking)
        lacks(text, weak)
    has(engine.run(IDLE, *arguments, "--api.auth.basic.password", "NoSymbol1", "--api.auth.basic.password_policy.mode",
                   "ERROR", "--api.auth.basic.password_policy.include.symbol", "REQUIRED")[1], "no letter and no digit")
    engine.start(IDLE, *arguments, "--api.auth.basic.password", "weak")  # WARN is the default
    has(engine.log, "is weak: it lacks at least 8 characters, an upper case letter, a digit")
    equal(get(port, user="a:weak")[0], 200)
    engine.stop()
    engine.start(IDLE, "--api.auth.basic.username", "a", "--api.http.port", port)
    has(engine.log, "have no effect without api.auth.type: basic")


def case_tls_with_pem_files_and_with_a_keystore(engine):
    authority = Authority(engine.folder)
    certificate, key = authority.issue("server")
    port = free_port()
    tls = trusting(authority)
    pem = ["--api.ssl.enabled", "--api.ssl.certificate", certificate, "--api.ssl.key", key]
    engine.start(IDLE, "--api.http.port", port, *pem)
    has(engine.log, ":ssl_enabled=>true")
    equal(get(port, tls=tls)[0], 200)
    for oldest in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        old = trusting(authority)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, oldest
        old.set_ciphers("ALL:@SECLEVEL=0")
        with contextlib.suppress(ssl.SSLError):
            get(port, tls=old)
            check(False, f"{oldest} is spoken")
    with contextlib.suppress(http.client.HTTPException, OSError):
        check(get(port)[0] >= 400, "plain HTTP is answered")
    engine.stop()
    store = engine.folder / "server.p12"
    subprocess.run(["openssl", "pkcs12", "-export", "-in", certificate, "-inkey", key, "-passout", "pass:enter", "-out",
                    store], check=True, capture_output=True)
    p12 = ["--api.ssl.enabled", "--api.ssl.keystore.path", store, "--api.ssl.keystore.password"]
    engine.start(IDLE, "--api.http.port", port, *p12, "enter", "--api.ssl.supported_protocols", "TLSv1.3")
    equal(get(port, tls=tls)[0], 200)
    engine.stop()
    status, text = engine.run(IDLE, *p12, "wrong")
    equal(status, 1)
    has(text, "api.ssl.keystore.path", "wrong password", str(store))
    has(engine.run(IDLE, "--api.ssl.enabled")[1], "api.ssl.certificate and api.ssl.key", "api.ssl.keystore.path")
    has(engine.run(IDLE, *pem[:-1], store)[1], "api.ssl: the key")


def case_the_answers_are_json_with_authentication_too(engine):
    basic(engine)
    port = free_port()
    engine.start(IDLE, "--api.http.port", port)
    json.loads(get(port, "/_node/stats", "watcher:" + PASSWORD)[2])
