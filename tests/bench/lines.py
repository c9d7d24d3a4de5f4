"""Deterministic JSON log lines, about 300 bytes each, as applications send them."""
import random

LEVELS = ["debug"] * 10 + ["info"] * 70 + ["warn"] * 12 + ["error"] * 8
SERVICES = ["checkout", "auth", "inventory", "search", "billing", "notifier", "edge", "profile"]
TENANTS = ["acme", "globex", "initech", "umbrella", "hooli", "stark", "wayne", "wonka"]
METHODS = ["GET"] * 12 + ["POST"] * 5 + ["PUT"] * 2 + ["DELETE"]
STATUS = [200] * 30 + [201, 204, 301, 304, 400, 401, 403, 404, 404, 500, 502, 503]


def json_lines(count, seed=7):
    """`count` lines as bytes, over two months so that monthly indices differ; one in twenty names no tenant."""
    r = random.Random(seed)
    out = []
    for i in range(count):
        month, day = 4 + i * 2 // count, 1 + i * 56 // count % 28
        tenant = f'"tenant_id":"{r.choice(TENANTS)}",' if i % 20 else ""
        out.append(
            f'{{"timestamp":"2026-{month:02}-{day:02}T{i % 24:02}:{i % 60:02}:{i * 7 % 60:02}.{i % 1000:03}Z",'
            f'"level":"{r.choice(LEVELS)}","service":"{r.choice(SERVICES)}",{tenant}'
            f'"message":"processed order {i} in region eu-west-1 by worker pool B, trace={r.getrandbits(64):016x}",'
            f'"request":{{"method":"{r.choice(METHODS)}","path":"/api/v1/orders/{i}/items?page=2",'
            f'"status":{r.choice(STATUS)},"duration_ms":{r.random() * 900:.3f}}},'
            f'"client_ip":"{r.randint(1, 223)}.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}"}}\n')
    return "".join(out).encode()
