"""The filter http."""
import gzip
import json
import signal
import tempfile
import threading
import time

from checks import check, equal, free_port
from harness import Server, certificates

JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}


def case_json_answer_and_headers(p):
    with Server(lambda r: (200, JSON | {"X-One": "1"}, {"asset": {"id": 7}})) as s:
        e = p.one(f'http {{ url => "{s.url}/hosts/%{{host}}" }}', {"host": "web1"})
        equal(s.requests[0].path, "/hosts/web1")
    equal(e["body"], {"asset": {"id": 7}})
    equal((e["headers"]["x-one"], e["headers"]["content-type"]), ("1", "application/json"))
    check("tags" not in e, e)


def case_text_is_stripped_and_decoration_runs(p):
    with Server(lambda r: (200, TEXT, "  hello \n")) as s:
        e = p.one(f'http {{ url => "{s.url}" target_body => "[a][b]" target_headers => "[h]" add_tag => ["ok"] }}')
        equal(s.requests[0].headers["content-type"], "text/plain")
    equal((e["a"]["b"], e["tags"], e["h"]["content-length"]), ("hello", ["ok"], "9"))


def case_ecs_targets(p):
    p.refused('http { url => "http://127.0.0.1/" }', "target_body", "ecs_compatibility", ecs="v8")
    with Server(lambda r: (200, JSON, [1])) as s:
        e = p.one(f'http {{ url => "{s.url}" target_body => "b" }}', ecs="v8")
    equal(e["b"], [1])
    equal(e["meta"]["filter"]["http"]["response"]["headers"]["content-type"], "application/json")
    check("headers" not in e, e)


def case_query_headers_and_body_are_filled_in(p):
    with Server(lambda r: (200, JSON, "{}")) as s:
        p.one(f'''http {{ url => "{s.url}/p?a=1" verb => "POST" query => {{ "n %{{x}}" => "v&%{{x}}" }}
                  headers => {{ "X-%{{x}}" => "h%{{x}}" "Y" => ["1", "2"] }} body_format => "json"
                  body => {{ "k%{{x}}" => "v%{{x}}" "n" => 5 "list" => ["%{{x}}", 1.5] }} }}''', {"x": "q"})
        r = s.requests[0]
    equal(r.path, "/p?a=1&n+q=v%26q")
    equal((r.command, r.headers["X-q"], r.headers.get_all("Y")), ("POST", "hq", ["1", "2"]))
    equal(r.headers["content-type"], "application/json")
    equal(json.loads(r.body), {"kq": "vq", "n": 5, "list": ["q", 1.5]})


def case_text_body_and_own_content_type(p):
    with Server(lambda r: (200, TEXT, "")) as s:
        e = p.one(f'''http {{ url => "{s.url}" verb => "PUT" body => "is %{{message}}"
                  headers => {{ "Content-Type" => "application/x-y" }} }}''')
        r = s.requests[0]
    equal((r.command, r.body, r.headers.get_all("content-type"), e["body"]), ("PUT", b"is x", ["application/x-y"], ""))


def case_a_get_and_a_delete_may_have_bodies(p):
    with Server(lambda r: (200, TEXT, "ok")) as s:
        p.one(f'http {{ url => "{s.url}" body => "b" }} http {{ url => "{s.url}" body => "b" verb => "DELETE" }}')
        equal([(r.command, r.body) for r in s.requests], [("GET", b"b"), ("DELETE", b"b")])


def case_a_hash_is_no_text(p):
    with Server(lambda r: (200, TEXT, "ok")) as s:
        e = p.one(f'http {{ url => "{s.url}" verb => "POST" body => {{ "a" => "b" }} }}')
        equal(len(s.requests), 0)
    equal(e["tags"], ["_httprequestfailure"])


def case_head_and_no_content(p):
    def answer(r):
        return (200, JSON, "{}") if r.command == "HEAD" else (204, JSON, "")
    with Server(answer) as s:
        e = p.one(f'http {{ url => "{s.url}" verb => "HEAD" }}')
        check("body" not in e and "headers" in e, e)
        e = p.one(f'http {{ url => "{s.url}" verb => "DELETE" }}')
        check("body" not in e and "headers" in e and "tags" not in e, e)


def case_status_that_is_no_success(p):
    with Server(lambda r: (404, JSON, "{}")) as s:
        e = p.one(f'http {{ url => "{s.url}" add_tag => ["ok"] tag_on_request_failure => ["a", "b"] }}')
    equal(e["tags"], ["a", "b"])
    check("body" not in e and "headers" not in e, e)
    check("404" in p.log, p.log)


def case_json_that_is_none(p):
    with Server(lambda r: (200, {"Content-Type": "text/plain; application/json"}, "{oops")) as s:
        e = p.one(f'http {{ url => "{s.url}" add_tag => ["ok"] }}')
        equal(sorted(e["tags"]), ["_jsonparsefailure", "ok"])
        check("body" not in e and "headers" in e, e)
        e = p.one(f'http {{ url => "{s.url}" tag_on_json_failure => ["nojson"] }}')
        equal(e["tags"], ["nojson"])


def case_no_server(p):
    e = p.one(f'http {{ url => "http://127.0.0.1:{free_port()}/" }}')
    equal(e["tags"], ["_httprequestfailure"])


def case_urls_of_hostile_events(p):
    urls = ["%{nothing}", "", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:1/a b", "http://127.0.0.1:1/%zz",
            "http://127.0.0.1:1/\r\nX: y", "file:///etc/passwd", "http://127.0.0.1:99999999/", "http://[::1", "\u0000"]
    events = p.run('http { url => "%{url}" }', [{"url": url} for url in urls])
    equal([e["tags"] for e in events], [["_httprequestfailure"]] * len(urls))


def case_headers_of_hostile_events(p):
    with Server(lambda r: (200, TEXT, "ok")) as s:
        p.run(f'http {{ url => "{s.url}/%{{p}}" headers => {{ "X" => "%{{h}}" }} }}',
              [{"h": "a\r\nInjected: yes", "p": "\u00fc"}, {"h": "a\u0000b", "p": ""}])
        check(all(r.headers["Injected"] is None for r in s.requests), "a header was injected")
        equal(sorted(r.path for r in s.requests), ["/", "/%C3%BC"])


def case_request_timeout(p):
    done = threading.Event()
    with Server(lambda r: (done.wait(20), (200, TEXT, ""))[1]) as s:
        begin = time.monotonic()
        e = p.one(f'http {{ url => "{s.url}" request_timeout => 0.5 }}')
        check(time.monotonic() - begin < 6, "it took too long")
        done.set()
    equal(e["tags"], ["_httprequestfailure"])


def case_socket_timeout(p):
    done = threading.Event()
    with Server(lambda r: (done.wait(20), (200, TEXT, ""))[1]) as s:
        begin = time.monotonic()
        e = p.one(f'http {{ url => "{s.url}" socket_timeout => 1 }}')
        check(time.monotonic() - begin < 10, "it took too long")
        done.set()
    equal(e["tags"], ["_httprequestfailure"])


def broken_once():
    count = [0]

    def answer(r):
        count[0] += 1
        return None if count[0] == 1 else (200, TEXT, "second")
    return answer


def case_retry_of_a_broken_connection(p):
    with Server(broken_once()) as s:
        equal(p.one(f'http {{ url => "{s.url}" }}')["body"], "second")
    with Server(broken_once()) as s:
        equal(p.one(f'http {{ url => "{s.url}" automatic_retries => 0 }}')["tags"], ["_httprequestfailure"])
    with Server(broken_once()) as s:
        equal(p.one(f'http {{ url => "{s.url}" verb => "POST" }}')["tags"], ["_httprequestfailure"])
    with Server(broken_once()) as s:
        equal(p.one(f'http {{ url => "{s.url}" verb => "POST" retry_non_idempotent => true }}')["body"], "second")


def case_redirects(p):
    def answer(r):
        if r.path == "/end":
            return 200, TEXT, f"{r.command} {r.body.decode()}"
        if r.path == "/loop":
            return 302, {"Location": "/loop"}, ""
        return int(r.path[1:]), {"Location": "/end"}, ""
    with Server(answer) as s:
        for code in (301, 302, 303, 307):
            equal(p.one(f'http {{ url => "{s.url}/{code}" }}')["body"], "GET", str(code))
        equal(p.one(f'http {{ url => "{s.url}/302" verb => "POST" body => "b" }}')["tags"], ["_httprequestfailure"])
        equal(p.one(f'http {{ url => "{s.url}/303" verb => "POST" body => "b" }}')["body"], "GET")
        equal(p.one(f'http {{ url => "{s.url}/302" follow_redirects => false }}')["tags"], ["_httprequestfailure"])
        begun = len(s.requests)
        equal(p.one(f'http {{ url => "{s.url}/loop" }}')["tags"], ["_httprequestfailure"])
        equal(len(s.requests) - begun, 6, "requests of a loop")


def case_basic_authentication(p):
    with Server(lambda r: (200, TEXT, r.headers["Authorization"] or "none")) as s:
        equal(p.one(f'http {{ url => "{s.url}" user => "u" password => "p" }}')["body"], "Basic dTpw")
        equal(p.one(f'http {{ url => "http://u:p@127.0.0.1:{s.port}/" }}')["body"], "Basic dTpw")
    p.refused('http { url => "http://127.0.0.1" user => "u" }', "`user` needs `password`")


def case_cookies(p):
    with Server(lambda r: (200, TEXT | {"Set-Cookie": "c=1"}, r.headers["Cookie"] or "none")) as s:
        twice = f'http {{ url => "{s.url}" %s }}'
        # One after the other: a batch's requests go out together.
        with p.started(twice % "") as process:
            seen = []
            for n in range(2):
                process.stdin.write(b'{"n": 1}\n')
                process.stdin.flush()
                seen.append(json.loads(process.stdout.readline())["body"])
        equal(seen, ["none", "c=1"])
        with p.started(twice % "cookies => false") as process:
            seen = []
            for n in range(2):
                process.stdin.write(b'{"n": 1}\n')
                process.stdin.flush()
                seen.append(json.loads(process.stdout.readline())["body"])
        equal(seen, ["none", "none"])


def case_keepalive(p):
    with Server(lambda r: (200, TEXT, "ok")) as s:
        p.run(f'http {{ url => "{s.url}" pool_max => 1 }}', [{"n": 1}] * 5)
        equal((s.connections, len(s.requests)), (1, 5))
    with Server(lambda r: (200, TEXT, "ok")) as s:
        p.run(f'http {{ url => "{s.url}" pool_max => 1 keepalive => false }}', [{"n": 1}] * 5)
        equal(s.connections, 5)


def case_compressed_and_latin_1_answers(p):
    with Server(lambda r: (200, JSON | {"Content-Encoding": "gzip"}, gzip.compress(b'{"a": 1}'))) as s:
        e = p.one(f'http {{ url => "{s.url}" }}')
        equal(e["body"], {"a": 1})
        check("content-encoding" not in e["headers"] and "content-length" not in e["headers"], e)
    with Server(lambda r: (200, TEXT, b"a\xffb")) as s:
        equal(p.one(f'http {{ url => "{s.url}" }}')["body"], "a\\xFFb")


def case_repeated_headers_become_a_list(p):
    with Server(lambda r: (200, [("X", "1"), ("x", "2"), ("Content-Type", "text/plain")], "b")) as s:
        equal(p.one(f'http {{ url => "{s.url}" }}')["headers"]["x"], ["1", "2"])


def case_a_batch_goes_out_together(p):
    def answer(r):
        time.sleep(0.1)
        return 200, TEXT, r.path[1:]
    with Server(answer) as s:
        begin = time.monotonic()
        events = p.run(f'http {{ url => "{s.url}/%{{n}}" }}', [{"n": n} for n in range(125)])
        took = time.monotonic() - begin
        check(s.most_at_once <= 25, f"{s.most_at_once} at once")
        check(s.most_at_once > 10, f"{s.most_at_once} at once only")
    equal([e["body"] for e in events], [str(n) for n in range(125)])
    check(took < 6, f"it took {took} s")
    with Server(answer) as s:
        p.run(f'http {{ url => "{s.url}/%{{n}}" pool_max_per_route => 3 }}', [{"n": n} for n in range(30)], workers=2)
        check(s.most_at_once <= 3, f"{s.most_at_once} at once")


def case_tls(p):
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = certificates(folder)
        with Server(lambda r: (200, TEXT, "ok"), tls=(certificate, key)) as s:
            equal(p.one(f'http {{ url => "{s.url}" ssl_certificate_authorities => "{certificate}" }}')["body"], "ok")
            equal(p.one(f'http {{ url => "{s.url}" ssl_verification_mode => "none" }}')["body"], "ok")
            equal(p.one(f'http {{ url => "{s.url}" }}')["tags"], ["_httprequestfailure"])
        twice = f'ssl_certificate_authorities => ["{certificate}", "{certificate}"]'
        p.refused(f'http {{ url => "https://127.0.0.1" {twice} }}', "Several `ssl_certificate_authorities`")
        p.refused(f'http {{ url => "https://127.0.0.1" ssl_certificate => "{certificate}" }}', "need one another")
    p.refused('http { url => "https://127.0.0.1" cacert => "/x" }', "obsolete", "ssl_certificate_authorities")
    p.refused('http { url => "https://127.0.0.1" ssl_keystore_password => "x" }', "needs `ssl_keystore_path`")


def case_proxy(p):
    with Server(lambda r: (200, TEXT, f"{r.path} {r.headers['Proxy-Authorization']}")) as s:
        url = "http://nowhere.invalid/x"
        wanted = f"{url} Basic dTpw"
        equal(p.one(f'http {{ url => "{url}" proxy => "http://u:p@127.0.0.1:{s.port}" }}')["body"], wanted)
        equal(p.one(f'''http {{ url => "{url}" proxy => {{ "host" => "127.0.0.1" "port" => {s.port} "user" => "u"
                        "password" => "p" }} }}''')["body"], wanted)
        equal(p.one(f'http {{ url => "{url}" proxy => {{ "url" => "http://127.0.0.1:{s.port}" }} }}')["body"], f"{url} None")
    p.refused('http { url => "http://127.0.0.1" proxy => { "port" => 1 } }', "names neither")


def case_a_stop_does_not_wait_for_a_dead_server(p):
    done = threading.Event()
    with Server(lambda r: (done.wait(60), (200, TEXT, ""))[1]) as s:
        with p.started(f'http {{ url => "{s.url}" socket_timeout => 60 pool_max => 2 }}') as process:
            process.stdin.write(b'{"n": 1}\n' * 5)
            process.stdin.flush()
            while not s.requests and process.poll() is None:
                time.sleep(0.05)
            begin = time.monotonic()
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=30)
            took = time.monotonic() - begin
        done.set()
    check(took < 15, f"it took {took} s")
    equal([json.loads(line)["tags"] for line in out.splitlines()], [["_httprequestfailure"]] * 5)
