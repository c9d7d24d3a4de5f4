"""Published Python and Node clients over TCP and UDP, into main.conf and the embedded index."""
from harness.process import Failed, Process, wait_until

COUNT = 60


def send(bench, argv, port):
    client = Process("client", [*argv, port, COUNT], bench.folder)
    bench.processes.append(client)
    wait_until(lambda: not client.running(), 40, f"the client ends: {client.name}")
    if client.stop() != 0:
        raise Failed(f"the client ended with {client.child.returncode}: {client.last_lines()}")


def deliver(bench, argv, transport, tenant, message_field, prefix):
    """Every message has one document, in an index of this tenant and no other. The first document."""
    engine = bench.engine()
    send(bench, argv, engine.tcp if transport == "tcp" else engine.udp)
    search = engine.embedded
    wait_until(lambda: search.total("logs-*") >= COUNT, 20,
               lambda: f"{COUNT} documents: {search.counts('logs-*')}; {engine.process.last_lines()}")
    indices = list(search.counts("logs-*"))
    if len(indices) != 1 or not indices[0].startswith(f"logs-{tenant}-20"):
        raise Failed(f"the documents are in {indices}, not in one of tenant {tenant}")
    found = search.values(indices[0], f"{message_field}.keyword")
    wanted = {f'{prefix}-{n} gr\u00fc\u00df "quoted"\nsecond line': 1 for n in range(COUNT)}
    if found != wanted:
        raise Failed(f"{len(wanted.keys() - found.keys())} messages are missing; not expected: "
                     f"{[key for key in found if found[key] != wanted.get(key)][:3]}")
    document = search.one(indices[0], f"{message_field}.keyword", f'{prefix}-0 gr\u00fc\u00df "quoted"\nsecond line')
    for field in ("@timestamp", "processed_at", "type"):
        if field not in document:
            raise Failed(f"the document has no {field}: {document}")
    if "_jsonparsefailure" in document.get("tags", []):
        raise Failed(f"the document is tagged as broken JSON: {document}")
    engine.stop()
    return document


def expect(document, **fields):
    for name, value in fields.items():
        at = document
        for part in name.split("__"):
            at = at.get(part) if isinstance(at, dict) else None
        if at != value:
            raise Failed(f"{name} is {at!r}, not {value!r}, in {document}")


def python(bench, client, *rest):
    part = bench.parts.python()
    return deliver(bench, [part / "venv" / "bin" / "python", part / "client.py", client], *rest, "message", "py")


def node(bench, client, transport, message_field):
    part = bench.parts.node()
    return deliver(bench, ["node", part / "client.js", client], transport, "acme", message_field, "js")


def test_python_logstash_async_tcp(bench):
    document = python(bench, "async_tcp", "tcp", "default")
    expect(document, level="INFO", extra__uid="py-0", extra__tenant="acme", type="python-logstash")


def test_python_logstash_async_tcp_with_flat_fields(bench):
    expect(python(bench, "async_tcp_flat", "tcp", "acme"), level="INFO", uid="py-0")


def test_python_logstash_async_udp(bench):
    expect(python(bench, "async_udp_flat", "udp", "acme"), level="INFO", uid="py-0")


def test_python3_logstash_tcp(bench):
    expect(python(bench, "logstash_tcp", "tcp", "acme"), level="INFO", uid="py-0", logger_name="shop.orders", type="logstash")


def test_node_winston_logstash_tcp(bench):
    expect(node(bench, "winston-tcp", "tcp", "message"), level="WARN", uid="js-0", type="backend")


def test_node_log4js_logstashudp(bench):
    expect(node(bench, "log4js-udp", "udp", "message"), level="INFO", category="orders", fields__tenant="acme",
           fields__uid="js-0", type="backend_udp")


def test_node_pino_socket_tcp(bench):
    expect(node(bench, "pino-tcp", "tcp", "msg"), level=30, uid="js-0", type="backend")


def test_node_pino_socket_udp(bench):
    expect(node(bench, "pino-udp", "udp", "msg"), level=30, uid="js-0", type="backend_udp")
