"""A PostgreSQL server of our own, where its programs are installed."""
import contextlib
import getpass
import glob
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

from checks import Failed, Skipped, free_port
from harness import wait_for_port


class Postgresql:
    def __init__(self, programs, folder, user):
        self.programs, self.folder, self.user = programs, folder, user
        self.port = free_port()
        data = f"{folder}/data"
        secret = pathlib.Path(folder, "secret")
        secret.write_text("secret\n")
        secret.chmod(0o644)
        self.call("initdb", "-D", data, "-U", "owner", "-A", "scram-sha-256", "--pwfile", str(secret), "-N", "--locale=C",
                  "-E", "UTF8")
        self.log = open(f"{folder}/log", "wb")
        self.process = subprocess.Popen([f"{programs}/postgres", "-D", data, "-p", str(self.port), "-h", "127.0.0.1", "-k", folder,
                                         "-c", "fsync=off"], stdout=self.log, stderr=self.log, cwd=folder, **self.identity())
        wait_for_port(self.port, self.process)

    def identity(self):
        return {"user": self.user} if self.user else {}

    def call(self, program, *arguments):
        done = subprocess.run([f"{self.programs}/{program}", *arguments], capture_output=True, text=True, timeout=120,
                              cwd=self.folder, env={**os.environ, "PGPASSWORD": "secret"}, **self.identity())
        if done.returncode:
            raise Failed(f"{program}: {done.stderr}")
        return done.stdout

    def execute(self, sql):
        return self.call("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "owner", "-d", "postgres", "-v", "ON_ERROR_STOP=1",
                         "-At", "-c", sql)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()


@contextlib.contextmanager
def postgresql():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found:
        raise Skipped("PostgreSQL's server is not installed (/usr/lib/postgresql/*/bin/initdb)")
    user = None
    if getpass.getuser() == "root":  # which the server refuses
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
    folder = tempfile.mkdtemp(prefix="sluice-pg-")
    try:
        if user:
            shutil.chown(folder, user)
        server = Postgresql(os.path.dirname(found[-1]), folder, user)
        try:
            for _ in range(100):
                with contextlib.suppress(Failed):
                    server.execute("SELECT 1")
                    break
            server.execute("CREATE ROLE reader LOGIN PASSWORD 'secret'")
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
