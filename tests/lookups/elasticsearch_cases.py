"""The filter elasticsearch, against a server that answers as a cluster does."""
import json
import signal
import tempfile
import threading
import time
import urllib.parse

from checks import check, equal, free_port
from harness import Server, certificates

JSON = {"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"}
GREETING = {"version": {"number": "8.15.0", "build_flavor": "default"}}


def hits(*sources, total=None, **more):
    return {"_shards": {"total": 1, "failed": 0},
            "hits": {"total": {"value": len(sources) if total is None else total, "relation": "eq"},
                     "hits": [{"_index": "i", "_id": str(n), "_source": s} for n, s in enumerate(sources, 1)]}} | more


class Cluster(Server):
    """Answers searches with `found(request)`: a document, or a whole (status, headers, body)."""

    def __init__(self, found, tls=None):
        def answer(r):
            if r.path == "/":
                return 200, JSON, GREETING
            body = found(r)
            return body if isinstance(body, tuple) or body is None else (200, JSON, body)
        super().__init__(answer, tls)

    @property
    def searches(self):
        return [r for r in self.requests if r.path != "/"]


def query(r):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(r.path).query)


def es(s, more):
    return f'elasticsearch {{ hosts => ["{s.url}"] {more} }}'


def case_fields_of_one_document(p):
    with Cluster(lambda r: hits({"@timestamp": "2026-01-01", "a": {"b": [1, {"c": 2}]}})) as s:
        e = p.one(es(s, "index => 'logs-%{x},more*' query => 'id:%{id} AND t:\"a b\"' "
                     'add_tag => ["ok"]'
                        ' fields => { "@timestamp" => "started" "[a][b]" => "[n][b]" "none" => "gone" }'
                        ' docinfo_fields => { "_id" => "doc" }'), {"id": 7, "x": "q"})
        r, = s.searches
    equal((r.command, r.path.split("?")[0]), ("GET", "/logs-q,more*/_search"))
    equal(query(r), {"q": ['id:7 AND t:"a b"'], "size": ["1"], "sort": ["@timestamp:desc"]})
    equal((e["started"], e["n"], e["gone"], e["doc"]), ("2026-01-01", {"b": [1, {"c": 2}]}, None, "1"))
    equal((e["meta"]["total_hits"], e["tags"]), (1, ["ok"]))


def case_several_documents_give_lists(p):
    with Cluster(lambda r: hits({"a": 1}, {"b": 2}, total=9)) as s:
        e = p.one(es(s, 'query => "*" result_size => 2 enable_sort => false fields => { "a" => "x" }'
                        ' docinfo_fields => { "_id" => "ids" }'))
        equal(query(s.searches[0]), {"q": ["*"], "size": ["2"]})
        equal(s.searches[0].path.split("?")[0], "/_search")
    equal((e["x"], e["ids"], e["meta"]["total_hits"]), ([1, None], ["1", "2"], 9))


def case_nothing_found(p):
    with Cluster(lambda r: hits()) as s:
        e = p.one(es(s, 'query => "*" fields => { "a" => "x" } add_tag => ["ok"]'))
    check("tags" not in e and "x" not in e, e)
    equal(e["meta"]["total_hits"], 0)


def case_old_total_and_fields_as_pairs(p):
    answer = hits({"a": 1})
    answer["hits"]["total"] = 5
    with Cluster(lambda r: answer) as s:
        e = p.one(es(s, 'query => "*" fields => [["a", "x"], ["a", "y"]]'))
    equal((e["meta"]["total_hits"], e["x"], e["y"]), (5, 1, 1))


def case_template_aggregations_and_target(p):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write('{"size": 0, "query": {"term": {"id": "%{id}"}}, "aggs": {"n": {"sum": {"field": "x"}}}}')
        file.flush()
        more = (f'query_template => "{file.name}" aggregation_fields => {{ "n" => "sum" "none" => "none" }}'
                ' target => "[found]" add_tag => ["ok"]')
        with Cluster(lambda r: hits(aggregations={"n": {"value": 3.5}})) as s:
            ok, bad = p.run(es(s, more), [{"id": "a"}, {"id": '"'}])
            r, = s.searches
        p.refused(f'elasticsearch {{ query_template => "{file.name}" query => "*" }}', "exclude one another")
    equal((r.command, r.headers["content-type"], r.path), ("POST", "application/json", "/_search"))
    equal(json.loads(r.body)["query"], {"term": {"id": "a"}})
    equal((ok["found"], ok["tags"]), ({"sum": {"value": 3.5}, "none": None}, ["ok"]))
    equal(bad["tags"], ["_elasticsearch_lookup_failure"])


def case_answers_that_are_failures(p):
    answers = [(404, JSON, {"error": "no such index"}), (200, JSON, "no json"), (200, JSON, {"took": 1}), (200, JSON, []),
               hits({"a": 1}) | {"_shards": {"failures": [{}]}}, (200, JSON, ""), None]
    with Cluster(lambda r: answers[int(query(r)["q"][0])]) as s:
        events = p.run(es(s, 'query => "%{n}" fields => { "a" => "x" } tag_on_failure => ["t"]'),
                       [{"n": n} for n in range(len(answers))])
    equal([e["tags"] for e in events], [["t"]] * len(answers))


def case_retries(p):
    count = [0]

    def found(r):
        count[0] += 1
        return (503, JSON, {}) if count[0] < 3 else hits({"a": count[0]})
    with Cluster(found) as s:
        equal(p.one(es(s, 'query => "*" retry_on_failure => 2 fields => { "a" => "x" }'))["x"], 3)
        count[0] = 0
        equal(p.one(es(s, 'query => "*" retry_on_failure => 2 retry_on_status => [500]'))["tags"],
              ["_elasticsearch_lookup_failure"])
        count[0] = 0
        equal(p.one(es(s, 'query => "*"'))["tags"], ["_elasticsearch_lookup_failure"])


def case_the_next_host_when_one_is_gone(p):
    with Cluster(lambda r: hits({"a": 1})) as s:
        hosts = f'hosts => ["127.0.0.1:{free_port()}", "127.0.0.1:{s.port}"]'
        events = p.run(f'elasticsearch {{ {hosts} retry_on_failure => 1 query => "%{{n}}" fields => {{ "a" => "x" }} }}',
                       [{"n": n} for n in range(6)])
    equal([e.get("x") for e in events], [1] * 6)


def case_no_cluster_at_the_start(p):
    text = p.run(f'elasticsearch {{ hosts => ["127.0.0.1:{free_port()}"] query => "*" }}', fails=True)
    check("Could not connect to a compatible version of Elasticsearch" in text, text)
    with Server(lambda r: (401, {}, "no")) as s:
        check("status 401" in p.run(es(s, 'query => "*"'), fails=True), p.log)


def case_credentials_and_headers(p):
    with Cluster(lambda r: hits({"a": r.headers["Authorization"], "b": r.headers["X-Own"]})) as s:
        more = 'query => "*" fields => { "a" => "x" "b" => "y" } custom_headers => { "X-Own" => "1" }'
        e = p.one(es(s, more + ' user => "u" password => "p"'))
        equal((e["x"], e["y"]), ("Basic dTpw", "1"))
        equal(p.one(es(s, more + ' cloud_auth => "u:p"'))["x"], "Basic dTpw")
        equal(p.one(f'elasticsearch {{ hosts => ["http://u:p@127.0.0.1:{s.port}"] {more} }}')["x"], "Basic dTpw")
    p.refused('elasticsearch { query => "*" api_key => "a:b" }', "TLS only")
    p.refused('elasticsearch { query => "*" api_key => "a:b" user => "u" password => "p" hosts => "https://x" }', "Only one of")


def case_tls_with_an_api_key(p):
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = certificates(folder)
        with Cluster(lambda r: hits({"a": r.headers["Authorization"]}), tls=(certificate, key)) as s:
            e = p.one(es(s, f'query => "*" api_key => "a:b" ssl_certificate_authorities => "{certificate}"'
                            ' fields => { "a" => "x" }'))
            equal(e["x"], "ApiKey YTpi")
            e = p.one(f'elasticsearch {{ hosts => ["127.0.0.1:{s.port}"] ssl_enabled => true query => "*"'
                      ' ssl_verification_mode => "none" fields => { "a" => "x" } }')
            check("x" in e, e)


def case_a_batch_goes_out_together_and_the_same_search_once(p):
    def found(r):
        time.sleep(0.1)
        return hits({"a": query(r)["q"][0]})
    with Cluster(found) as s:
        begin = time.monotonic()
        events = p.run(es(s, 'query => "%{n}" fields => { "a" => "x" }'), [{"n": n % 40} for n in range(125)])
        took = time.monotonic() - begin
        equal(len(s.searches), 40, "searches")
    equal([e["x"] for e in events], [str(n % 40) for n in range(125)])
    check(took < 5, f"it took {took} s")


def case_a_stop_does_not_wait_for_a_silent_cluster(p):
    done = threading.Event()
    with Cluster(lambda r: (done.wait(60), hits())[1]) as s:
        with p.started(es(s, 'query => "*" retry_on_failure => 100')) as process:
            process.stdin.write(b'{"n": 1}\n')
            process.stdin.flush()
            while not s.searches and process.poll() is None:
                time.sleep(0.05)
            begin = time.monotonic()
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=40)
            took = time.monotonic() - begin
        done.set()
    check(took < 15, f"it took {took} s")
    equal(json.loads(out)["tags"], ["_elasticsearch_lookup_failure"])


def case_configs_that_are_refused(p):
    p.refused("elasticsearch { }", "needs `query` or `query_template`")
    p.refused('elasticsearch { query => "*" ssl => true }', "obsolete", "ssl_enabled")
    p.refused('elasticsearch { query => "*" fields => ["a"] }', "fields of the document without")
    p.refused('elasticsearch { query => "*" fields => { "a" => "[b" } }', "FieldReference")


def rows(columns, *values):
    return {"columns": [{"name": name, "type": kind} for name, kind in columns], "values": list(values)}


def case_esql(p):
    answer = rows([("a.b", "integer"), ("@timestamp", "date"), ("user", "keyword"), ("user.age", "integer"), ("none", "keyword")],
                  [1, "2026-01-02T03:04:05.678Z", "u", 5, None], [2, None, None, None, None], [None] * 5)
    esql = 'query_type => "esql" query => "FROM x | WHERE n == ?num AND t == ?text AND c == ?_c1" '
    esql += 'query_params => [{ "_c1" => 5 }, { "num" => "[n]" }, { "text" => "say \'hi\'" }] add_tag => ["ok"]'
    with Cluster(lambda r: answer) as s:
        e = p.one(es(s, esql), {"n": {"deep": 1}})
        r, = s.searches
    equal((r.command, r.path), ("POST", "/_query?format=json&drop_null_columns=true"))
    equal(json.loads(r.body), {"query": "FROM x | WHERE n == ?num AND t == ?text AND c == ?_c1",
                               "params": [{"num": {"deep": 1}}, {"_c1": 5}, {"text": "say 'hi'"}]})
    equal((e["a"], e["@timestamp"], e["user"], e["tags"]), ({"b": 1}, "2026-01-02T03:04:05.678Z", "u", ["ok"]))
    check("none" not in e and e["meta"]["total_values"] == 3, e)
    with Cluster(lambda r: answer) as s:
        e = p.one(es(s, esql + ' target => "[found]"'))
    equal(e["found"], [{"a": {"b": 1}, "@timestamp": "2026-01-02T03:04:05.678Z", "user": "u"}, {"a": {"b": 2}}, None])
    with Cluster(lambda r: rows([("a", "keyword")])) as s:
        e = p.one(es(s, esql + ' target => "found"'))
    check("found" not in e and e["tags"] == ["ok"], e)
    with Cluster(lambda r: (400, JSON, {"error": "bad"})) as s:
        equal(p.one(es(s, esql))["tags"], ["_elasticsearch_lookup_failure"])
    with Cluster(lambda r: rows([("a", "keyword")], 5)) as s:
        equal(p.one(es(s, esql))["tags"], ["_elasticsearch_lookup_failure"])
    with Server(lambda r: (200, JSON, {"version": {"number": "8.10.4"}})) as s:
        check("does not know ES|QL" in p.run(es(s, esql), fails=True), p.log)


def case_esql_that_is_refused(p):
    def refused(more, *words):
        p.refused(f'elasticsearch {{ query_type => "esql" {more} }}', *words)
    refused("", "needs `query`")
    refused('query => "FROM x" index => "i"', "`index` cannot be used")
    refused('query => "FROM x | WHERE a == ?b"', "`?b` stands in the query")
    refused('query => "FROM x" query_params => [{ "B" => 1 }]', "`B` is no name")
    refused('query => "FROM x" query_params => { "a" => 1 "b" => 2 }', "one entry each")
    p.refused('elasticsearch { query => "*" query_params => [{ "a" => 1 }] }', "for query_type")


def case_the_engines_own_index(p):
    e = p.one('elasticsearch { hosts => ["embedded"] query => "nothing:here" fields => { "a" => "x" } }',
              arguments=["--index.http.port", str(free_port())])
    check("x" not in e, e)
