"""Whom the elasticsearch output talks to: certificates that are no good, names that nobody knows, pools of hosts of which
some are dead."""
import functools
import os
import shutil
import socket
import ssl

import bad_servers as bad
from authority import Authority
from bad_servers import BadServer
from checks import Failed, check, free_port
from destinations import AWAY, EVENTS, Scene, compare, elasticsearch

NOWHERE = "nowhere.invalid"  # a name that never resolves (RFC 6761)


def server_side(identity, clients=None):
    """`clients`: the authority that must have issued their certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*identity)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.certificate)
    return context


def held_until_healed(scene, server, heal, log):
    window = scene.send()
    scene.wait_log(*log)
    scene.wait_blamed()
    check(not window.acknowledged.is_set(), "the window was acknowledged before it was delivered")
    heal()
    scene.wait_acknowledged(window)
    scene.stop()
    compare(server, range(EVENTS), once=True)


def bad_certificate(bench, log, subject="IP:127.0.0.1", days=2, unknown=False):
    """The server's certificate is no good, and then one that is takes its place."""
    ours = Authority(bench.folder, "ours")
    issuer = Authority(bench.folder, "theirs") if unknown else ours
    server = bench.closing_receiver(BadServer(tls=server_side(issuer.issue("bad", subject, days)),
                                              healthy_tls=server_side(ours.issue("good"))))
    scene = Scene(bench, elasticsearch(f'"https://127.0.0.1:{server.port}"',
                                       f'ssl_certificate_authorities => "{ours.certificate}"'))
    held_until_healed(scene, server, server.heal, (AWAY, "TLS", *log))


def replace(identity, places):
    for path, place in zip(identity, places):
        shutil.copy(path, f"{place}.new")
        os.rename(f"{place}.new", place)


def client_certificate_expired(bench):
    """Our certificate has expired, and is replaced while the engine runs."""
    ours = Authority(bench.folder, "ours")
    context = server_side(ours.issue("server"), clients=ours)
    server = bench.closing_receiver(BadServer(tls=context, healthy_tls=context))
    places = (bench.folder / "client.crt", bench.folder / "client.key")
    replace(ours.issue("expired", days=-1), places)
    scene = Scene(bench, elasticsearch(
        f'"https://127.0.0.1:{server.port}"', f'ssl_certificate_authorities => "{ours.certificate}" '
        f'ssl_certificate => "{places[0]}" ssl_key => "{places[1]}"'))
    held_until_healed(scene, server, lambda: replace(ours.issue("client"), places), (AWAY, f"the certificate {places[0]} expired on"))


def our_certificate_expired(bench):
    """The certificate of an input has expired, and is replaced while the engine runs."""
    ours, port, server = Authority(bench.folder, "ours"), free_port(), bench.closing_receiver(BadServer())
    places = (bench.folder / "server.crt", bench.folder / "server.key")
    replace(ours.issue("expired", days=-1), places)
    scene = Scene(bench, elasticsearch(f'"http://127.0.0.1:{server.port}"'), more_inputs=(
        f'tcp {{ host => "127.0.0.1" port => {port} ssl_enabled => true ssl_certificate => "{places[0]}" '
        f'ssl_key => "{places[1]}" ssl_client_authentication => none }}'))
    scene.wait_log("Peers will refuse our certificate", f"{places[0]} expired on")
    context = ssl.create_default_context(cafile=ours.certificate)
    try:
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 10), server_hostname="127.0.0.1"):
            raise Failed("a certificate that has expired was accepted")
    except ssl.SSLCertVerificationError:
        pass
    replace(ours.issue("server"), places)
    scene.wait_log("Certificates were loaded anew")
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 10), server_hostname="127.0.0.1") as client:
        client.sendall(b"id=1;\n")
        scene.wait(lambda: server.documents, "the event arrives")
    scene.stop()


class NoTls:
    """In the place of an SSLContext."""

    @staticmethod
    def wrap_socket(connection, server_side):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        raise OSError("speaks no TLS")


def no_tls(bench):
    """A server that does not speak TLS at a port where it should."""
    ours = Authority(bench.folder, "ours")
    server = bench.closing_receiver(BadServer(tls=NoTls, healthy_tls=server_side(ours.issue("good"))))
    scene = Scene(bench, elasticsearch(f'"https://127.0.0.1:{server.port}"',
                                       f'ssl_certificate_authorities => "{ours.certificate}"'))
    held_until_healed(scene, server, server.heal, (AWAY, "TLS"))


def unknown_name(bench):
    """Nobody knows the host: events wait, and a stop takes no longer than it may."""
    scene = Scene(bench, elasticsearch(f'"http://{NOWHERE}:9200"'))
    window = scene.send()
    scene.wait_log(AWAY, f"cannot connect to {NOWHERE}:9200", "resolve")
    scene.wait_blamed()
    scene.stop()
    check(not window.acknowledged.is_set(), "the window was acknowledged")


def pool(bench, dead, log, behave=None):
    """With one host that works everything is delivered, once, and the log names the other."""
    server = bench.closing_receiver(BadServer())
    other = bench.closing_receiver(BadServer(behave, listening=behave is not None))
    scene = Scene(bench, elasticsearch(f'["{dead.format(other.port)}","http://localhost:{server.port}"]'))
    for first in range(0, 10 * EVENTS, EVENTS):
        scene.wait_acknowledged(scene.send(range(first, first + EVENTS)))
    scene.wait_log(AWAY, dead.format(other.port), log)
    scene.wait(lambda: scene.ask("/readyz")[0] == 200, "the engine is ready")
    scene.stop()
    compare(server, range(10 * EVENTS), once=True)


TESTS = {
    "fault: the server's certificate has expired": functools.partial(
        bad_certificate, log=("certificate has expired",), days=-1),
    "fault: the server's certificate has another name": functools.partial(
        bad_certificate, log=("127.0.0.1", "match"), subject="DNS:other.example"),
    "fault: the server's certificate is of an unknown authority": functools.partial(
        bad_certificate, log=("certificate",), unknown=True),
    "fault: the client's certificate has expired": client_certificate_expired,
    "fault: the certificate of an input has expired": our_certificate_expired,
    "fault: the server speaks no TLS": no_tls,
    "fault: the destination's name is unknown": unknown_name,
    "fault: one host of a pool is down": functools.partial(pool, dead="http://127.0.0.1:{}", log="Connection refused"),
    "fault: one host of a pool never answers": functools.partial(
        pool, dead="http://127.0.0.1:{}", log="in time", behave=bad.never_answers),
    "fault: one host of a pool has an unknown name": functools.partial(
        pool, dead=f"http://{NOWHERE}:{{}}", log="resolve"),
}
