"""The filter jdbc_streaming, against SQLite and PostgreSQL."""
import contextlib
import sqlite3
import tempfile
import time

from checks import check, equal
from postgresql import postgresql


@contextlib.contextmanager
def sqlite(*statements):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/test.db"
        with contextlib.closing(sqlite3.connect(path)) as db:
            for statement in statements:
                db.execute(statement)
            db.commit()
        yield path


HOSTS = ("CREATE TABLE hosts (id INTEGER, ip TEXT, name TEXT, load REAL, up BOOLEAN, seen TIMESTAMP, note TEXT)",
         "INSERT INTO hosts VALUES (1, '10.0.0.1', 'web', 1.5, 1, '2026-01-02 03:04:05.678', NULL)",
         "INSERT INTO hosts VALUES (2, '10.0.0.2', 'db', -2.25, 0, 1767323045678, 'x')")


def js(path, more):
    return f'jdbc_streaming {{ jdbc_connection_string => "jdbc:sqlite:{path}" target => "rows" {more} }}'


def case_rows_and_their_types(p):
    with sqlite(*HOSTS) as path:
        a, b, none = p.run(js(path, 'statement => "SELECT * FROM hosts WHERE ip = :ip" parameters => { "ip" => "[s][ip]" }'
                                    ' add_tag => ["ok"]'),
                           [{"s": {"ip": "10.0.0.1"}}, {"s": {"ip": "10.0.0.2"}}, {"s": {"ip": "10.0.0.3"}}])
    equal(a["rows"], [{"id": 1, "ip": "10.0.0.1", "name": "web", "load": 1.5, "up": True,
                       "seen": "2026-01-02T03:04:05.678Z", "note": None}])
    equal((b["rows"][0]["up"], b["rows"][0]["seen"], b["rows"][0]["load"]), (False, "2026-01-02T03:04:05.678Z", -2.25))
    equal((a["tags"], none["rows"]), (["ok"], [{}]))
    equal(sorted(none["tags"]), ["_jdbcstreamingdefaultsused", "ok"])


def case_parameters(p):
    with sqlite(*HOSTS) as path:
        def names(where, parameters, event):
            rows = p.one(js(path, f'statement => "SELECT name FROM hosts WHERE {where} ORDER BY id" parameters => {{ {parameters} }}'),
                         event)["rows"]
            return [row.get("name") for row in rows]
        equal(names("ip LIKE :p", '"p" => "%{net}%"', {"net": "10."}), ["web", "db"])
        equal(names("id = :id", '"id" => "n"', {"n": 2}), ["db"])
        equal(names("id IN :ids", '"ids" => "n"', {"n": [1, 2, 3]}), ["web", "db"])
        equal(names("id IN :ids", '"ids" => "n"', {"n": []}), [None])
        equal(names("name = :n AND ':n' <> 'x' -- :n", '"n" => "n"', {"n": "web"}), ["web"])
        equal(names("name = :name OR name = :na", '"na" => "x" "name" => "y"', {"x": "db", "y": "web"}), ["web", "db"])
        equal(names("name = :n", '"n" => "n"', {"n": "' OR 1=1 --"}), [None])
        equal(names("name = :n", '"n" => "n"', {}), [None])
        e = p.one(js(path, 'statement => "SELECT 1 AS a WHERE 1 = :n" parameters => { "n" => "n" }'), {"n": {"a": 1}})
        equal(sorted(e["tags"]), ["_jdbcstreamingdefaultsused", "_jdbcstreamingfailure"])


def case_failure_and_defaults(p):
    with sqlite(*HOSTS) as path:
        e = p.one(js(path, 'statement => "SELECT * FROM nowhere" default_hash => { "name" => "unknown" "n" => 5 }'
                           ' tag_on_failure => ["f"] tag_on_default_use => ["d"] add_tag => ["ok"]'))
    equal((e["rows"], e["tags"]), ([{"name": "unknown", "n": 5}], ["f", "d", "ok"]))
    check("no such table: nowhere" in p.log, p.log)


def case_prepared_statements(p):
    prepared = 'use_prepared_statements => true prepared_statement_name => "x" '
    with sqlite(*HOSTS) as path:
        e = p.one(js(path, prepared + 'statement => "SELECT name FROM hosts WHERE ip = ? AND id = ? AND note IS NOT ? AND up = ?"'
                     ' prepared_statement_bind_values => ["[ip]", "%{id}", "constant", 1]'
                     ' prepared_statement_warn_on_constant_usage => false'), {"ip": "10.0.0.1", "id": 1})
        equal(e["rows"], [{"name": "web"}])
        p.refused(js(path, 'statement => "SELECT ?" use_prepared_statements => true prepared_statement_bind_values => ["[a]"]'),
                  "needs `prepared_statement_name`")
        p.refused(js(path, prepared + 'statement => "SELECT ?, ?" prepared_statement_bind_values => ["[a]"]'), "2 placeholders")


def case_cache(p):
    with sqlite(*HOSTS) as path:
        def loads(more):
            with p.started(js(path, 'statement => "SELECT load FROM hosts WHERE id = 1" ' + more)) as process:
                seen = []
                for load in (1.5, 7.5, 8.5):
                    with contextlib.closing(sqlite3.connect(path)) as db:
                        db.execute("UPDATE hosts SET load = ? WHERE id = 1", [load])
                        db.commit()
                    process.stdin.write(b'{"n": 1}\n')
                    process.stdin.flush()
                    line = process.stdout.readline().decode()
                    seen.append(float(line.split('"load":')[1].split("}")[0]))
                    time.sleep(0.05)
                return seen
        equal(loads("use_cache => false"), [1.5, 7.5, 8.5])
        equal(loads(""), [1.5, 1.5, 1.5])
        equal(loads("cache_expiration => 0.001"), [1.5, 7.5, 8.5])


def case_connection_strings(p):
    p.refused('jdbc_streaming { statement => "x" target => "t" jdbc_connection_string => "jdbc:mysql://h/d" }',
              "no driver for `mysql`", "PostgreSQL and SQLite", "jdbc:postgresql://host")
    p.refused('jdbc_streaming { statement => "x" target => "t" jdbc_connection_string => "postgresql://h/d" }', "jdbc:")
    p.refused('jdbc_streaming { statement => "x" target => "t" jdbc_connection_string => "jdbc:postgresql://h/d?foo=1" }', "foo")
    p.refused('jdbc_streaming { statement => "x" target => "t" jdbc_connection_string => "jdbc:sqlite:" sequel_opts => { "a" => "b" } }',
              "Sequel")
    check("cannot open" in p.run(js("/nowhere/x.db", 'statement => "SELECT 1"'), fails=True), p.log)
    with sqlite(*HOSTS) as path:
        equal(p.one(js(path, 'jdbc_driver_class => "org.sqlite.JDBC" jdbc_driver_library => "/x.jar" jdbc_user => ""'
                             ' statement => "SELECT 1 AS a"'))["rows"], [{"a": 1}])


def case_a_long_statement_does_not_hold_up_a_stop(p):
    import signal
    forever = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"
    with p.started(js(":memory:", f'statement => "{forever}"')) as process:
        process.stdin.write(b'{"n": 1}\n')
        process.stdin.flush()
        time.sleep(0.5)
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
        check(time.monotonic() - begin < 12, "it took too long")
    check(b"_jdbcstreamingfailure" in out, out)


def pg(server, more):
    return (f'jdbc_streaming {{ jdbc_connection_string => "jdbc:postgresql://127.0.0.1:{server.port}/postgres"'
            f' jdbc_user => "reader" jdbc_password => "secret" target => "rows" {more} }}')


def case_postgresql(p):
    with postgresql() as server:
        e = p.one(pg(server, 'statement => "SELECT 1::int2 AS i2, 9007199254740993 AS i8, 1.5::float8 AS f, 1.50::numeric AS n,'
                             ' 12345678901234567890.5::numeric AS big, true AS b, NULL AS nothing, \'x\' AS t,'
                             ' timestamp \'2026-01-02 03:04:05.678\' AS ts, timestamptz \'2026-01-02 03:04:05+02\' AS tz,'
                             ' date \'2026-01-02\' AS d, \'{1,2}\'::int[] AS l" use_cache => false'))
        equal(e["rows"], [{"i2": 1, "i8": 9007199254740993, "f": 1.5, "n": 1.5, "big": 12345678901234567890.5, "b": True,
                           "nothing": None, "t": "x", "ts": "2026-01-02T03:04:05.678Z", "tz": "2026-01-02T01:04:05.000Z",
                           "d": "2026-01-02T00:00:00.000Z", "l": "{1,2}"}])
        server.execute("CREATE TABLE hosts (id int, ip inet, name text); GRANT SELECT ON hosts TO reader;"
                       "INSERT INTO hosts VALUES (1, '10.0.0.1', 'web'), (2, '10.0.0.2', 'db')")
        events = p.run(pg(server, 'statement => "SELECT name FROM hosts WHERE ip = :ip::inet AND id IN :ids"'
                                  ' parameters => { "ip" => "ip" "ids" => "ids" }'),
                       [{"ip": "10.0.0.1", "ids": [1, 2]}, {"ip": "10.0.0.2", "ids": [1]}, {"ip": "oops", "ids": [1]}, {"ip": "a\u0000", "ids": [1]}])
        equal([x["rows"] for x in events], [[{"name": "web"}], [{}], [{}], [{}]])
        check("_jdbcstreamingfailure" in events[2]["tags"] and "_jdbcstreamingfailure" in events[3]["tags"], events)
        check("_jdbcstreamingfailure" not in events[1]["tags"], events)
        e = p.one(pg(server, 'statement => "SELECT name FROM hosts WHERE id = ?" use_prepared_statements => true'
                             ' prepared_statement_name => "x" prepared_statement_bind_values => ["[id]"]'), {"id": 2})
        equal(e["rows"], [{"name": "db"}])
        with p.started(pg(server, 'statement => "SELECT name FROM hosts WHERE id = 1" use_cache => false jdbc_validate_connection => true'
                                  ' jdbc_validation_timeout => 0')) as process:
            def one():
                process.stdin.write(b'{"n": 1}\n')
                process.stdin.flush()
                return process.stdout.readline().decode()
            check('"name":"web"' in one(), "first")
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
            check('"name":"web"' in one(), "a lost connection is made again")
        wrong = pg(server, 'statement => "SELECT 1"').replace("secret", "wrong")
        check("password authentication failed" in p.run(wrong, fails=True), p.log)
