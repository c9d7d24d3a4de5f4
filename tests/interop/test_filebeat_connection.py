"""The ways in which Filebeat can be told to talk to a beats input: batches, compression, several connections, TLS."""
import subprocess

from harness.lines import Lines
from harness.process import Failed, wait_until

COUNT = 3000


def ship(bench, output, config=None, **variables):
    """Every line of a file has one document in the embedded index. The documents' engine and Filebeat have ended."""
    bench.parts.filebeat()
    engine = bench.engine(config, **variables)
    folder = bench.folder / "in"
    folder.mkdir()
    lines = Lines("o")
    (folder / "app.log").write_text("".join(line + "\n" for line in lines.make(COUNT)), "utf-8")
    filebeat = bench.filebeat(
        [{"type": "filestream", "id": "app", "paths": [str(folder / "app.log")], "prospector.scanner.check_interval": "500ms"}],
        {"output.logstash": {"hosts": [f"127.0.0.1:{engine.beats}"], **output}})
    lines.wait(engine.embedded, 30)
    twice = lines.duplicates(engine.embedded)
    filebeat.stop()
    trouble = [line for line in filebeat.process.text().splitlines() if "\tERROR\t" in line]
    if twice or trouble:
        raise Failed(f"{len(twice)} lines have more than one document; Filebeat: {trouble[:2]}")
    engine.stop()


def test_filebeat_defaults(bench):
    ship(bench, {})


def test_filebeat_without_compression_and_pipelining(bench):
    ship(bench, {"compression_level": 0, "pipelining": 0})


def test_filebeat_best_compression_and_deep_pipelining(bench):
    ship(bench, {"compression_level": 9, "pipelining": 16, "bulk_max_size": 64})


def test_filebeat_slow_start_and_connections_that_end(bench):
    ship(bench, {"slow_start": True, "pipelining": 0, "ttl": "1s", "bulk_max_size": 100})


def test_filebeat_four_connections(bench):
    ship(bench, {"worker": 4, "loadbalance": True, "bulk_max_size": 128})


def test_filebeat_one_event_a_window(bench):
    ship(bench, {"bulk_max_size": 1, "pipelining": 8})


def certificates(folder):
    """An authority, and certificates of a server (127.0.0.1) and of a client that come from it."""
    folder.mkdir()

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)

    def key(name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]

    openssl("req", "-x509", *key("ca"), "-out", "ca.pem", "-days", "2", "-subj", "/CN=interop authority")
    for name in ("server", "client"):
        openssl("req", *key(name), "-out", f"{name}.csr", "-subj", f"/CN=interop-{name}")
        (folder / "ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n", "ascii")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "ext", "-out", f"{name}.pem")
    return folder


def tls_config(bench, certs):
    """main.conf with a beats input that asks for a client certificate."""
    line = '    port => "${BEATS_PORT:5044}"\n'
    text = bench.main_conf()
    bench.check(text.count(line) == 1, "main.conf has no beats port to put TLS options behind")
    path = bench.folder / "main-with-tls.conf"
    path.write_text(text.replace(line, f"""{line}    ssl_enabled => true
    ssl_certificate => "{certs}/server.pem"
    ssl_key => "{certs}/server.key"
    ssl_certificate_authorities => ["{certs}/ca.pem"]
    ssl_client_authentication => "required"
"""), "utf-8")
    return path


def test_filebeat_mutual_tls(bench):
    certs = certificates(bench.folder / "certs")
    ship(bench, {"ssl": {"certificate_authorities": [str(certs / "ca.pem")], "certificate": str(certs / "client.pem"),
                         "key": str(certs / "client.key")}}, tls_config(bench, certs))


def test_filebeat_without_a_client_certificate_is_refused(bench):
    bench.parts.filebeat()
    certs = certificates(bench.folder / "certs")
    engine = bench.engine(tls_config(bench, certs))
    folder = bench.folder / "in"
    folder.mkdir()
    (folder / "app.log").write_text("".join(line + "\n" for line in Lines("n").make(10)), "utf-8")
    filebeat = bench.filebeat(
        [{"type": "filestream", "id": "app", "paths": [str(folder / "app.log")], "prospector.scanner.check_interval": "500ms"}],
        {"output.logstash": {"hosts": [f"127.0.0.1:{engine.beats}"], "ssl": {"certificate_authorities": [str(certs / "ca.pem")]}}},
        {"filebeat.shutdown_timeout": "0s"})
    wait_until(lambda: "remote error: tls:" in filebeat.process.text(), 20, lambda: f"Filebeat sees the refusal: {filebeat.process.last_lines()}")
    filebeat.process.stop(20)
    if engine.embedded.total("logs-*"):
        raise Failed("documents came in without a client certificate")
    engine.stop()
