"""The events that the cases send: made by fixed seeds, kept in the temporary folder for the next run."""
import dataclasses
import hashlib
import os
import pathlib
import random
import struct
import tempfile
import time

SOURCE = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:8]
FOLDER = pathlib.Path(tempfile.gettempdir()) / f"sluice-bench-{os.getuid()}"
BEGIN, TWO_MONTHS = 1712000000, 60 * 86400  # Over two months, so that monthly indices differ.

TENANTS = "acme globex initech umbrella hooli stark wayne wonka tyrell cyberdyne soylent massive".split()
SERVICES = "checkout auth-gateway inventory search-api billing notifier edge-proxy user-profile".split()
LEVELS = ["debug"] * 10 + ["info"] * 70 + ["warn"] * 12 + ["error"] * 7 + ["fatal"]
METHODS = ["GET"] * 16 + ["POST"] * 3 + ["DELETE"]
STATUS = [200] * 30 + [201, 204, 206, 301, 304, 304, 400, 401, 403, 404, 404, 500, 502, 503]
AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile/15E148 Safari/604.1",
    "curl/8.5.0", "okhttp/4.12.0", "-"]
# As applications log: quotes, escapes and characters beyond ASCII among the plain ones.
TAILS = ["after upstream timeout", "with 3 line items", 'for customer segment \\"gold\\"', "in region eu-west-1",
         "by worker pool B", "on shard 17 (replica 2)", "without downstream calls", "h\\u00e9t\\u00e9rog\\u00e8ne réseau"]


def address(r):
    return f"{r.randint(1, 223)}.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}"


def json_lines(count, r):
    """Application logs as JSON, 314 bytes each; one in twenty names no tenant."""
    for i in range(count):
        seconds, millis = divmod(BEGIN * 1000 + i * TWO_MONTHS * 1000 // count, 1000)
        when, number = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)), r.randint(1, 10**6)
        tenant = f'"tenant_id":"{r.choice(TENANTS)}",' if i % 20 else ""
        yield (f'{{"timestamp":"{when}.{millis:03}Z","level":"{r.choice(LEVELS)}","service":"{r.choice(SERVICES)}",{tenant}'
               f'"message":"processed order {number} {r.choice(TAILS)}, trace={r.getrandbits(64):016x}",'
               f'"request":{{"method":"{r.choice(METHODS)}","path":"/api/v1/orders/{number}/items?page=2",'
               f'"status":{r.choice(STATUS)},"duration_ms":{r.random() * 900:.3f}}},"client_ip":"{address(r)}"}}')


def access_lines(count, r):
    """Apache's combined access log, 200 bytes each."""
    paths = ["/", "/index.html", "/products/%d", "/api/v1/items/%d?fields=name,price", "/images/catalog/%d/thumb.jpg",
             "/search?q=term%d&page=3&sort=desc", "/blog/2024/%d/an-article-about-logs", "/robots.txt"]
    referrers = ["-", "-", "-", "https://www.example.com/products?id=%d", "http://search.example.net/?q=blue+shoes&p=%d",
                 "https://news.example.org/2024/04/%d.html"]
    clients = [address(r) for _ in range(5000)]
    for i in range(count):
        client = clients[int(len(clients) * r.random()**3)]  # Few come often, many come once.
        when = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(BEGIN + i * TWO_MONTHS // count))
        path, referrer = (text.replace("%d", str(r.randint(1, 10**5))) for text in (r.choice(paths), r.choice(referrers)))
        status = r.choice(STATUS)
        size = "-" if status in (204, 304) else r.randint(0, 60000)
        user = r.choice(["-"] * 10 + ["frank", "alice.smith"])
        yield (f'{client} - {user} [{when}] "{r.choice(METHODS)} {path} HTTP/1.{r.randint(0, 1)}" {status} {size} '
               f'"{referrer}" "{r.choice(AGENTS[:3] * 2 + AGENTS)}"')


def syslog_lines(count, r):
    """Syslog datagrams as daemons send them (RFC 3164), 150 bytes each."""
    texts = ["Accepted publickey for deploy from %s port %d ssh2: ED25519 SHA256:Yh3Ta8WcQzqUo0Xy7wFkPq",
             "Failed password for invalid user admin from %s port %d ssh2, attempt 3 of 6 in this session",
             "Connection closed by authenticating user root %s port %d [preauth] after 1 of 6 attempts"]
    for i in range(count):
        when = time.strftime("%b %e %H:%M:%S", time.gmtime(BEGIN + i * TWO_MONTHS // count))
        yield (f"<{r.choice([38, 86, 34])}>{when} web-{r.randint(1, 40):02}.example.net sshd[{r.randint(1000, 99999)}]: "
               + r.choice(texts) % (address(r), r.randint(1024, 65535)))


def late_lines(count, r):
    """A mail server's lines, for the twentieth of the grok cases' patterns."""
    for i in range(count):
        when = time.strftime("%b %e %H:%M:%S", time.gmtime(BEGIN + i))
        yield (f"{when} mail{r.randint(1, 9)} postfix/smtp[{r.randint(1000, 32000)}]: {r.getrandbits(40):010X}: "
               f"to=<{r.choice(TENANTS)}@example.org>, relay=mx.example.org[{address(r)}]:25, delay={r.random():.2f}, "
               f"delays=0.05/0/0.22/0.34, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {r.getrandbits(24):06X})")


def unmatched_lines(count, r):
    """Lines for none of them."""
    for i in range(count):
        when, number = time.strftime("%b %e %H:%M:%S", time.gmtime(BEGIN + i)), r.randint(1, 99999)
        yield (f"{when} web{r.randint(1, 9)} systemd[1]: Started Session {number} of user {r.choice(TENANTS)}; "
               f"the unit session-{number}.scope has successfully entered the active state")


KINDS = {"json": json_lines, "access": access_lines, "syslog": syslog_lines, "late": late_lines,
         "unmatched": unmatched_lines}


def path(kind, lines, copies=1):
    """A file with `lines` lines of a kind, the same each time, `copies` times over."""
    file = FOLDER / f"{kind}-{lines}x{copies}-{SOURCE}"
    if file.exists():
        return file
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*"):
        if not old.name.endswith(SOURCE):
            old.unlink()
    if kind == "geoip":
        data = geoip_database()
    elif copies > 1:
        data = path(kind, lines).read_bytes()
    else:
        data = "".join(line + "\n" for line in KINDS[kind](lines, random.Random(20))).encode()
    with open(f"{file}.new", "wb") as out:
        for _ in range(copies):
            out.write(data)
    os.rename(f"{file}.new", file)
    return file


@dataclasses.dataclass
class Unsigned:
    """A number of another width than an int's 32 bits."""
    bits: int
    number: int


def mmdb_value(value):
    """A value of a MaxMind DB's data section (https://maxmind.github.io/MaxMind-DB/)."""
    if isinstance(value, dict):
        return bytes([7 << 5 | len(value)]) + b"".join(mmdb_value(k) + mmdb_value(v) for k, v in value.items())
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(mmdb_value(v) for v in value)
    if isinstance(value, float):
        return bytes([3 << 5 | 8]) + struct.pack(">d", value)
    if isinstance(value, int):
        return bytes([6 << 5 | 4]) + struct.pack(">I", value)
    if isinstance(value, Unsigned):
        return {16: bytes([5 << 5 | 2]), 64: bytes([8, 9 - 7])}[value.bits] + value.number.to_bytes(value.bits // 8, "big")
    text = value.encode()
    return (bytes([2 << 5 | len(text)]) if len(text) < 29 else bytes([2 << 5 | 29, len(text) - 29])) + text


def geoip_database(depth=16, places=500):
    """A City database in which each /16 network lies in one of `places` cities."""
    r, data, offsets = random.Random(21), b"", []
    for i in range(places):
        country, name = r.choice([("DE", "Germany"), ("FR", "France"), ("US", "United States"), ("JP", "Japan")])
        offsets.append(len(data))
        data += mmdb_value({
            "city": {"geoname_id": 1000 + i, "names": {"en": f"City {i}"}},
            "continent": {"code": "EU", "names": {"en": "Europe"}},
            "country": {"iso_code": country, "names": {"en": name}},
            "location": {"latitude": round(r.uniform(-60, 60), 4), "longitude": round(r.uniform(-180, 180), 4), "time_zone": "Europe/Berlin"},
            "postal": {"code": f"{i:05}"},
            "subdivisions": [{"iso_code": "BE", "names": {"en": "Land Berlin"}}]})
    nodes = 2**depth - 1  # A complete binary tree: the children of node n are 2n+1 and 2n+2.
    tree = [child if child < nodes else nodes + 16 + r.choice(offsets) for child in range(1, 2 * nodes + 1)]
    about = mmdb_value({"node_count": nodes, "record_size": Unsigned(16, 32), "ip_version": Unsigned(16, 4), "database_type": "GeoLite2-City",
                        "languages": ["en"], "binary_format_major_version": Unsigned(16, 2), "binary_format_minor_version": Unsigned(16, 0),
                        "build_epoch": Unsigned(64, BEGIN), "description": {"en": "Made up for benchmarks"}})
    return struct.pack(f">{2 * nodes}I", *tree) + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + about
