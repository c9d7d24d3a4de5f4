"""The programs that are measured: Sluice, and the peers that are installed."""
import os
import pathlib
import re
import shutil
import subprocess

import case as cases
from run import get


class Sluice:
    suffix, has_api, environment, variables = ".conf", True, None, {}

    def __init__(self, binary, name="sluice"):
        self.binary, self.name = str(pathlib.Path(binary).resolve()), name

    def config(self, case):
        return cases.insert_main(case.file("pipeline.conf").read_text())

    def command(self, run, config):
        return [self.binary, "-f", config, "--path.data", run.folder / "data", "--log.level", "warn",
                "--api.http.port", run.ports["API_PORT"], "--index.http.port", run.ports["INDEX_PORT"],
                *run.case.options]

    def events_out(self, run):
        """From the monitoring API, which is there a little before the pipeline."""
        pipelines = get(f"http://127.0.0.1:{run.ports['API_PORT']}/_node/stats")["pipelines"]
        return pipelines["main"]["events"]["out"] if "main" in pipelines else 0


class Peer:
    """Another program that does the same work. It is used when it is installed and the case has a config for it."""
    has_api, environment, variables = False, None, {}

    def __init__(self, name, suffix, words, version=("--version",)):
        self.name, self.suffix, self.words, self.version_words = name, suffix, words, version
        self.binary = os.environ.get(name.upper().replace("-", "_")) or shutil.which(self.program()) or self.in_sbin()

    def program(self):
        return self.words[0]

    def in_sbin(self):
        path = pathlib.Path("/usr/sbin", self.program())
        return str(path) if path.exists() else None

    def config(self, case):
        return case.peer_file(self.name, self.suffix).read_text()

    def can_run(self, case):
        return self.binary is not None and case.peer_file(self.name, self.suffix) is not None

    def command(self, run, config):
        names = {"CONFIG": config, "DIR": run.folder}
        return [self.binary, *(re.sub(r"\$\{(\w+)\}", lambda m: str(names[m[1]]), word) for word in self.words[1:])]

    def events_out(self, run):
        return None

    def version(self):
        done = subprocess.run([self.binary, *self.version_words], capture_output=True, text=True,
                              env={**os.environ, **(self.environment or {})})
        return re.search(r"\d+\.[\w.]+", done.stdout)[0]


class SyslogNg(Peer):
    """Debian's package, or the same unpacked elsewhere: it conflicts with rsyslog's."""

    def __init__(self):
        super().__init__("syslog-ng", ".conf", [
            "syslog-ng", "-F", "-f", "${CONFIG}", "-R", "${DIR}/persist", "-p", "${DIR}/pid", "-c", "${DIR}/ctl",
            "--no-caps"])
        root = pathlib.Path(self.binary or "/usr/sbin/x").resolve().parents[2]
        self.variables = {"SCL": root / "usr/share/syslog-ng/include/scl"}
        if root != pathlib.Path("/"):
            library = root / "usr/lib/syslog-ng"
            modules = next(library.glob("[0-9]*"))
            self.environment = {"LD_LIBRARY_PATH": f"{library}:{modules}"}
            self.words += ["--module-path", str(modules)]
            self.version_words = ("--version", "--module-path", str(modules))


def peers():
    return [
        Peer("logstash", ".conf", ["logstash", "-f", "${CONFIG}", "--path.data", "${DIR}/data", "--log.level", "warn",
                                  "--pipeline.ecs_compatibility", "disabled"]),
        Peer("vector", ".yaml", ["vector", "-q", "-c", "${CONFIG}"]),
        Peer("fluent-bit", ".yaml", ["fluent-bit", "-q", "-c", "${CONFIG}"]),
        Peer("rsyslog", ".conf", ["rsyslogd", "-n", "-f", "${CONFIG}", "-i", "${DIR}/pid"], ("-v",)),
        SyslogNg()]
