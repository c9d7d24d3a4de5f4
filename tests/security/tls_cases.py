"""TLS of the inputs: mutual authentication, versions, and certificates that change while the engine runs."""
import contextlib
import os
import shutil
import socket
import ssl

from authority import Authority
from checks import check, free_port
from engine import has
from listener_cases import QUIET, send

OUTPUT = "output { stdout { codec => line { format => 'got %{message}' } } }"


def client(authority, identity=None, **limits):
    context = ssl.create_default_context(cafile=authority.certificate)
    if identity:
        context.load_cert_chain(*identity)
    for name, value in limits.items():
        setattr(context, name, value)
    return context


def connect(port, context):
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=20), server_hostname="127.0.0.1")


def refuses(port, context):
    """Whether no handshake is agreed on. With TLS 1.3 a client hears of it behind its own end of the handshake."""
    try:
        with contextlib.closing(connect(port, context)) as connection:
            connection.settimeout(10)
            return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def serves(port, context):
    """Whether a connection stays open."""
    try:
        with contextlib.closing(connect(port, context)) as connection:
            connection.settimeout(0.5)
            return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def serial(port, context):
    with contextlib.closing(connect(port, context)) as connection:
        return connection.getpeercert()["serialNumber"]


def start(engine, plugin, authority, identity, more=""):
    certificate, key = identity
    port = free_port()
    engine.start(f"input {{ {plugin} {{ host => '127.0.0.1' port => {port} ssl_enabled => true ssl_certificate => "
                 f"'{certificate}' ssl_key => '{key}' {QUIET if plugin == 'tcp' else ''} {more} }} }} {OUTPUT}",
                 "--api.enabled", "false", *getattr(engine, "arguments", ()))
    return port


def replace(source, target):
    """Puts a file in place of another in one step."""
    shutil.copy(source, f"{target}.new")
    os.rename(f"{target}.new", target)


def in_place(engine, authority, name):
    """A certificate and key under names that can be replaced."""
    for part, path in zip(("crt", "key"), authority.issue(name)):
        replace(path, engine.folder / f"live.{part}")
    return engine.folder / "live.crt", engine.folder / "live.key"


def case_client_certificates_are_required_and_checked(engine):
    ours, theirs = Authority(engine.folder, "ours"), Authority(engine.folder, "theirs")
    server = ours.issue("server")
    for plugin in ("tcp", "beats"):
        port = start(engine, plugin, ours, server,
                     f"ssl_client_authentication => 'required' ssl_certificate_authorities => ['{ours.certificate}']")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            limits = {"minimum_version": version, "maximum_version": version}
            check(refuses(port, client(ours, **limits)), f"{plugin}: no certificate is enough")
            check(refuses(port, client(ours, theirs.issue("stranger"), **limits)), f"{plugin}: a stranger is let in")
            with contextlib.closing(connect(port, client(ours, ours.issue("friend"), **limits))) as friend:
                send(plugin, friend, "hello")
                engine.wait_for("got hello")
        engine.stop()


def case_old_versions_are_not_spoken(engine):
    ours = Authority(engine.folder)
    server = ours.issue("server")
    for plugin in ("tcp", "beats"):
        port = start(engine, plugin, ours, server, "ssl_client_authentication => 'none'")
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            old = client(ours, minimum_version=version, maximum_version=version)
            old.set_ciphers("ALL:@SECLEVEL=0")
            check(refuses(port, old), f"{plugin} speaks {version}")
        check(serves(port, client(ours, maximum_version=ssl.TLSVersion.TLSv1_2)), "TLS 1.2")
        check(serves(port, client(ours)), "TLS 1.3")
        engine.stop()


def case_a_new_certificate_is_used_without_a_restart(engine):
    ours = Authority(engine.folder)
    for plugin in ("tcp", "beats"):
        live = in_place(engine, ours, "first-" + plugin)
        port = start(engine, plugin, ours, live, "ssl_client_authentication => 'none'")
        first = serial(port, client(ours))
        with contextlib.closing(connect(port, client(ours))) as old:
            in_place(engine, ours, "second-" + plugin)
            engine.wait_for("Certificates were loaded anew")
            check(serial(port, client(ours)) != first, "the old certificate is still shown")
            send(plugin, old, "still here")  # an open connection goes on
            engine.wait_for("got still here")
        engine.stop()


def case_a_broken_new_certificate_leaves_the_old_one_in_force(engine):
    ours = Authority(engine.folder)
    live = in_place(engine, ours, "first")
    port = start(engine, "tcp", ours, live, "ssl_client_authentication => 'none'")
    first = serial(port, client(ours))
    other_key = ours.issue("other")[1]
    live[0].write_text("not a certificate")
    has(engine.wait_for("cannot be used"), "live.crt holds no PEM certificate", "the old ones stay in force")
    check(serial(port, client(ours)) == first, "the old certificate is not shown")
    in_place(engine, ours, "second")
    engine.wait_for("Certificates were loaded anew")
    second = serial(port, client(ours))
    check(second != first, "the second certificate is not shown")
    replace(other_key, live[1])
    has(engine.wait_for("cannot be used"), "does not belong to the certificate")
    os.remove(live[1])
    has(engine.wait_for("cannot be used"), "No such file or directory")
    check(serial(port, client(ours)) == second, "the second certificate is not shown any more")


def case_new_authorities_let_new_clients_in(engine):
    ours, theirs = Authority(engine.folder, "ours"), Authority(engine.folder, "theirs")
    trusted = engine.folder / "trusted.crt"
    shutil.copy(ours.certificate, trusted)
    port = start(engine, "beats", ours, ours.issue("server"),
                 f"ssl_client_authentication => 'required' ssl_certificate_authorities => ['{trusted}']")
    friend, stranger = client(ours, ours.issue("friend")), client(ours, theirs.issue("stranger"))
    check(serves(port, friend) and refuses(port, stranger), "before")
    replace(theirs.certificate, trusted)
    engine.wait_for("Certificates were loaded anew")
    check(refuses(port, friend) and serves(port, stranger), "after")


def case_the_monitoring_api_takes_new_certificates_too(engine):
    ours = Authority(engine.folder)
    certificate, key = in_place(engine, ours, "first")
    port = free_port()
    engine.start("input { heartbeat { interval => 60 } } output { null { } }", "--api.http.port", port,
                 "--api.ssl.enabled", "--api.ssl.certificate", certificate, "--api.ssl.key", key)
    first = serial(port, client(ours))
    in_place(engine, ours, "second")
    engine.wait_for("Certificates were loaded anew")
    check(serial(port, client(ours)) != first, "the old certificate is still shown")


def case_reloading_can_be_switched_off(engine):
    ours = Authority(engine.folder)
    first_live = in_place(engine, ours, "first")
    engine.arguments = ("--ssl.reload.automatic", "false")
    port = start(engine, "tcp", ours, first_live, "ssl_client_authentication => 'none'")
    first = serial(port, client(ours))
    in_place(engine, ours, "second")
    with contextlib.suppress(Exception):
        engine.wait_for("Certificates were loaded anew", seconds=5)
    check(serial(port, client(ours)) == first, "the new certificate is shown")
