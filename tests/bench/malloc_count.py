"""Counts the allocations of a process that runs under libmalloc_count.so (malloc_count.cpp).

    counter = MallocCount("build/tests/bench/libmalloc_count.so", "/tmp/counter")
    process = subprocess.Popen([...], env={**os.environ, **counter.environment()})
    ...                                  # warm up
    before = counter.calls()
    ...                                  # n events
    print((counter.calls() - before) / n)
"""
import pathlib
import struct

RECORD = 64  # bytes: calls, bytes asked for, padding


class MallocCount:
    def __init__(self, library, path):
        self.library, self.path = pathlib.Path(library).resolve(), pathlib.Path(path)
        self.path.unlink(missing_ok=True)

    def environment(self):
        return {"LD_PRELOAD": str(self.library), "MALLOC_COUNT": str(self.path)}

    def _sum(self, field):
        data = self.path.read_bytes() if self.path.exists() else b""
        return sum(struct.unpack_from("<Q", data, at + 8 * field)[0] for at in range(0, len(data), RECORD))

    def calls(self):
        """Calls of malloc, calloc and realloc so far, all threads."""
        return self._sum(0)

    def bytes(self):
        """Bytes that they asked for."""
        return self._sum(1)
