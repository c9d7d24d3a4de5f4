"""Log lines with ids of their own, and the count of what became of them."""
import collections
import json
import threading
import time

from harness.process import Failed, wait_until

TENANTS = ["acme", "beta", "gamma"]
MONTHS = ["2024-01", "2024-02", "2024-03"]


class Lines:
    """Writes JSON lines, and knows in which index each id belongs."""

    def __init__(self, prefix="t"):
        self.prefix = prefix
        self.count = 0
        self.expected = collections.defaultdict(set)

    def make(self, number):
        """That many lines, as text."""
        lines = []
        for _ in range(number):
            self.count += 1
            n = self.count
            uid = f"{self.prefix}-{n:06}"
            tenant = TENANTS[n % 3]
            month = MONTHS[n // 3 % 3]
            lines.append(json.dumps({
                "uid": uid, "timestamp": f"{month}-{n % 28 + 1:02}T{n % 24:02}:{n % 60:02}:07.{n % 1000:03}Z",
                "level": ["info", "warn", "Error"][n % 3], "tenant_id": tenant, "service_name": f"shop-{n % 5}",
                "environment": "test", "message": f"order {n} \u2014 gr\u00fc\u00df \"quoted\"\tand {'x' * (n % 200)}"}, ensure_ascii=False))
            self.expected[f"logs-{tenant}-{month.replace('-', '.')}"].add(uid)
        return lines

    def found(self, search, pattern="logs-*-2024.*"):
        """How often the server has each of the ids; Failed when one is in an index where it does not belong."""
        seen = collections.Counter()
        for index in search.counts(pattern):
            for uid, times in search.values(index, "uid.keyword", {"prefix": {"uid.keyword": self.prefix + "-"}}).items():
                if uid not in self.expected[index]:
                    raise Failed(f"{uid} is in {index}, where it does not belong")
                seen[uid] += times
        return seen

    def missing(self, search, pattern="logs-*-2024.*"):
        seen = self.found(search, pattern)
        return [uid for uids in self.expected.values() for uid in uids if uid not in seen]

    def wait(self, search, seconds, pattern="logs-*-2024.*"):
        """Until every id is there."""

        def what():
            lost = sorted(self.missing(search, pattern))
            return f"{len(lost)} of {self.count} lines have no document: {', '.join(lost[:5])} ... {', '.join(lost[-2:])}"

        wait_until(lambda: search.total(pattern) >= self.count and not self.missing(search, pattern), seconds, what, every=0.5)

    def duplicates(self, search, pattern="logs-*-2024.*"):
        """How many documents are there more than lines, by the ids that have more than one."""
        return {uid: times - 1 for uid, times in self.found(search, pattern).items() if times > 1}


class SteadyWriter:
    """Appends lines to a file at a steady pace, as a program that logs does, until it is told to stop."""

    def __init__(self, path, lines, a_second=500):
        self.path, self.lines, self.a_second = path, lines, a_second
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._write, daemon=True)
        self.thread.start()

    def _write(self):
        with open(self.path, "a", encoding="utf-8") as file:
            while not self.ended.is_set():
                file.write("".join(line + "\n" for line in self.lines.make(self.a_second // 10)))
                file.flush()
                time.sleep(0.1)

    def stop(self):
        self.ended.set()
        self.thread.join()
