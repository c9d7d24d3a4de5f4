"""The filter jdbc_static: from SQLite and PostgreSQL into memory, and out again."""
import contextlib
import json
import sqlite3
import time

from checks import check, equal
from jdbc_streaming_cases import HOSTS, sqlite
from postgresql import postgresql

TABLE = '''local_db_objects => [{ name => "hosts" columns => [["ip", "varchar(64)"], ["name", "VARCHAR(32)"], ["up", "BOOLEAN"],
           ["seen", "TIMESTAMP"]] index_columns => ["ip"] }]'''
LOADER = 'loaders => [{ id => "all" query => "SELECT ip, name, up, seen FROM hosts" local_table => "hosts" max_rows => 100 }]'


def js(path, lookups, more=LOADER + " " + TABLE):
    return f'jdbc_static {{ jdbc_connection_string => "jdbc:sqlite:{path}" local_lookups => [{lookups}] {more} }}'


def case_lookup(p):
    by_ip = '{ query => "SELECT name AS NAME, up, seen FROM hosts WHERE ip = :ip" parameters => { ip => "[s][ip]" } target => "[a][b]" }'
    with sqlite(*HOSTS) as path:
        found, none, absent, wrong = p.run(js(path, by_ip, LOADER + " " + TABLE + ' add_tag => ["ok"]'),
                                           [{"s": {"ip": "10.0.0.1"}}, {"s": {"ip": "9"}}, {}, {"s": {"ip": ["10.0.0.1"]}}])
    equal((found["a"]["b"], found["tags"]), ([{"name": "web", "up": True, "seen": "2026-01-02T03:04:05.678Z"}], ["ok"]))
    equal((none["a"]["b"], none["tags"]), ([], ["ok"]))
    check("a" not in absent and absent["tags"] == ["_jdbcstaticfailure"], absent)
    equal(wrong["tags"], ["_jdbcstaticfailure"])


def case_several_lookups(p):
    lookups = '''{ id => "one" query => "SELECT name FROM hosts WHERE ip LIKE :ip ORDER BY ip" parameters => { ip => "%{net}%" } },
                 { query => "SELECT count(*) AS n FROM hosts" target => "count" },
                 { query => "SELECT name FROM hosts WHERE ip = ? AND name = ?" prepared_parameters => ["ip", "%{name}"] target => "three"
                   default_hash => { "name" => "nobody" } tag_on_default_use => ["d"] tag_on_failure => ["f"] }'''
    with sqlite(*HOSTS) as path:
        a, b, c = p.run(js(path, lookups, LOADER + " " + TABLE + ' add_tag => ["ok"]'),
                        [{"net": "10.", "ip": "10.0.0.1", "name": "web"}, {"net": "x", "ip": "1", "name": "2"}, {"net": "x", "ip": "1"}])
    equal((a["one"], a["count"], a["three"], a["tags"]), ([{"name": "web"}, {"name": "db"}], [{"n": 2}], [{"name": "web"}], ["ok"]))
    equal((b["one"], b["three"], sorted(b["tags"])), ([], [{"name": "nobody"}], ["d", "ok"]))
    check("three" not in c and c["tags"] == ["f"] and c["count"] == [{"n": 2}], c)


def case_loaders_that_bring_nothing(p):
    count = '{ query => "SELECT count(*) AS n FROM hosts" target => "count" }'
    with sqlite(*HOSTS) as path:
        equal(p.one(js(path, count, TABLE + " " + LOADER.replace("100", "1")))["count"], [{"n": 0}])
        check("more than max_rows" in p.log, p.log)
        equal(p.one(js(path, count, TABLE + " " + LOADER.replace("FROM hosts", "FROM hosts WHERE 1 = 0")))["count"], [{"n": 0}])
        check("no results" in p.log, p.log)
        equal(p.one(js(path, count, TABLE))["count"], [{"n": 0}])
        check("no such table" in p.run(js(path, count, TABLE + " " + LOADER.replace("FROM hosts", "FROM nowhere")), fails=True), p.log)
        check("columns" in p.run(js(path, count, TABLE + " " + LOADER.replace("ip, name, up, seen", "ip")), fails=True), p.log)


def case_schedule(p):
    lookup = '{ query => "SELECT name FROM hosts WHERE ip = :ip" parameters => { ip => "ip" } target => "a" }'
    with sqlite(*HOSTS) as path, p.started(js(path, lookup, LOADER + " " + TABLE + ' loader_schedule => "* * * * * *"')) as process:
        def name():
            process.stdin.write(b'{"ip": "10.0.0.1"}\n')
            process.stdin.flush()
            return json.loads(process.stdout.readline())["a"][0]["name"]
        equal(name(), "web")
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("UPDATE hosts SET name = 'new' WHERE id = 1")
            db.commit()
        until = time.monotonic() + 20
        while name() != "new":
            check(time.monotonic() < until, "the loaders did not run again")
            time.sleep(0.1)
        # A database that is gone leaves the tables as they are.
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("DROP TABLE hosts")
            db.commit()
        time.sleep(2.5)
        equal(name(), "new")


def case_several_workers(p):
    lookup = '{ query => "SELECT name FROM hosts WHERE ip = :ip" parameters => { ip => "ip" } target => "a" }'
    with sqlite(*HOSTS) as path:
        events = p.run(js(path, lookup), [{"ip": "10.0.0.1"}] * 2000, workers=4)
    check(all(e["a"] == [{"name": "web"}] for e in events) and len(events) == 2000, "a lookup failed")


def case_configs_that_are_refused(p):
    def refused(lookups, more, *words):
        p.refused(js(":memory:", lookups, more), *words)
    good = '{ query => "SELECT 1" target => "t" }'
    refused('{ target => "t" }', TABLE, "`query` is missing")
    refused('{ query => "SELECT 1" oops => 1 }', TABLE, "knows no `oops`")
    refused('{ query => "SELECT 1" parameters => { aa => "b" } prepared_parameters => ["a"] }', TABLE, "exclude one another")
    refused('{ query => "SELECT ?" prepared_parameters => ["a", "b"] }', TABLE, "1 placeholders")
    refused(good + "," + good, TABLE, "Two lookups have the target `t`")
    refused('{ query => "SELECT 1" id => "x" }, { query => "SELECT 1" id => "x" }', TABLE, "the id `x`")
    refused('{ query => "SELECT * FROM nowhere" }', TABLE, "no such table: nowhere", "SQLite")
    refused('{ query => "SELECT name FROM hosts FETCH FIRST 1 ROWS ONLY" }', TABLE, "syntax error")
    refused(good, LOADER, "has no table")
    refused(good, 'local_db_objects => [{ name => "x" columns => [["a"]] }]', "list of two texts")
    refused(good, 'local_db_objects => [{ name => "x" columns => [["a", "int"]] index_columns => ["b"] }]', "no column of `x`")
    refused(good, 'loaders => [{ query => "SELECT 1" }]', "`local_table` is missing")
    refused(good, TABLE + ' loader_schedule => "* * *"', "3 fields")
    refused(good, TABLE + ' loader_schedule => "61 * * * *"', "`61` is no minute")
    p.refused('jdbc_static { jdbc_connection_string => "jdbc:oracle:thin:@h:1/d" local_lookups => [] }', "no driver for `oracle`")


def case_from_postgresql(p):
    with postgresql() as server:
        server.execute("CREATE TABLE hosts (ip inet, name text, up bool, seen timestamptz); GRANT SELECT ON hosts TO reader;"
                       "INSERT INTO hosts VALUES ('10.0.0.1', 'web', true, '2026-01-02 03:04:05+02')")
        e = p.one(f'''jdbc_static {{ jdbc_connection_string => "jdbc:postgresql://127.0.0.1:{server.port}/postgres" jdbc_user => "reader"
                      jdbc_password => "secret" {LOADER.replace("ip,", "host(ip) AS ip,")} {TABLE}
                      local_lookups => [{{ query => "SELECT * FROM hosts WHERE ip = :ip" parameters => {{ ip => "ip" }} target => "a" }}] }}''',
                  {"ip": "10.0.0.1"})
        equal(e["a"], [{"ip": "10.0.0.1", "name": "web", "up": True, "seen": "2026-01-02T01:04:05.000Z"}])
