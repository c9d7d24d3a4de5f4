"""Servers and clients from package registries, set up on demand in a cache folder."""
import hashlib
import pathlib
import shutil
import subprocess
import time

SOURCES = pathlib.Path(__file__).resolve().parent.parent / "parts"
MAVEN_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


class Skip(Exception):
    """Why a test cannot be run here."""


class Parts:
    def __init__(self, cache, no_setup):
        self.cache = cache
        self.no_setup = no_setup
        self.problems = {}

    def filebeat(self):
        """The path of the filebeat program."""
        return self._part("filebeat", ["go"], self._build_filebeat) / "filebeat"

    def search_server(self, kind):
        """A folder with the jars and the classes of elasticsearch7, elasticsearch8 or opensearch2."""
        return self._part(kind, ["mvn", "java", "javac"], self._fetch_jars)

    def python(self):
        """A folder with client.py and a virtual environment, venv, that has the Python clients."""
        return self._part("python", ["python3"], self._make_venv)

    def node(self):
        """A folder with client.js and the Node clients."""
        return self._part("node", ["node", "npm"], lambda folder: self._run(folder, "npm", "ci", "--no-audit", "--no-fund"))

    def _part(self, name, tools, build):
        for tool in tools:
            if not shutil.which(tool):
                raise Skip(f"{tool} is not installed, which {name} needs")
        if name in self.problems:
            raise Skip(self.problems[name])
        source = SOURCES / name
        extra = [SOURCES / "log4j2.properties"] if (source / "Server.java").exists() else []
        scripts = sorted(source.glob("client.*"))  # need no new set-up
        files = sorted(p for p in source.iterdir() if p.is_file() and p not in scripts) + extra
        digest = hashlib.sha256(b"".join(p.name.encode() + b"\0" + p.read_bytes() for p in files)).hexdigest()[:12]
        folder = self.cache / f"{name}-{digest}"  # another version of the files is another folder
        if not (folder / ".ready").exists():
            if self.no_setup:
                raise Skip(f"{name} is not set up yet: run without --no-setup")
            self._set_up(name, folder, files, build)
        for script in scripts:
            shutil.copy(script, folder)
        return folder

    def _set_up(self, name, folder, files, build):
        print(f"     setting up {name} ...", flush=True)
        began = time.monotonic()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in files:
            shutil.copy(file, folder)
        try:
            build(folder)
        except subprocess.CalledProcessError as problem:
            lines = (folder / "setup.log").read_text("utf-8", "replace").strip().splitlines()
            self.problems[name] = f"{name} cannot be set up: `{problem.cmd[0]}` says: {' | '.join(lines[-3:])[-400:]}"
            raise Skip(self.problems[name]) from None
        (folder / ".ready").touch()
        print(f"     {name} is set up ({time.monotonic() - began:.0f} s)", flush=True)

    @staticmethod
    def _run(folder, *argv):
        with open(folder / "setup.log", "ab") as log:
            # With low priority: this can take minutes, on a machine that others use.
            subprocess.run(["nice", "-n", "15", *map(str, argv)], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                           stdout=log, stderr=log)

    def _build_filebeat(self, folder):
        self._run(folder, "go", "build", "-p", "1", "-o", "filebeat", ".")

    def _fetch_jars(self, folder):
        self._run(folder, "mvn", "-q", "-B", MAVEN_COPY, "-DoutputDirectory=lib")
        descriptor = folder / "plugin-descriptor.properties"
        if descriptor.exists():  # the network layer is a module with a class loader of its own
            module = folder / "modules" / "transport-netty4"
            module.mkdir(parents=True)
            for jar in [*folder.glob("lib/transport-netty4-*.jar"), *folder.glob("lib/netty-*.jar")]:
                jar.rename(module / jar.name)
            shutil.copy(descriptor, module)
        self._run(folder, "javac", "-cp", "lib/*", "-d", "classes", "Server.java")

    def _make_venv(self, folder):
        self._run(folder, "python3", "-m", "venv", "venv")
        self._run(folder, "venv/bin/pip", "install", "-q", "-r", "requirements.txt")
