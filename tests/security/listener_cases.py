"""Inputs that listen: whom they let in, and how much of one peer they take."""
import contextlib
import json
import socket
import struct
import time

from checks import Failed, check, equal, free_port
from engine import has

OUTPUT = "output { stdout { codec => line { format => 'got %{message}' } } }"
HERE, ELSE = "127.0.0.1", "127.0.0.2"  # two peers, as the engine sees it


def connect(port, source=HERE):
    return socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))


def is_refused(port, source):
    """Whether a connection is closed without a word."""
    with contextlib.closing(connect(port, source)) as client:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            return client.recv(1) == b""
        return True


def window(messages):
    """A Lumberjack window of version 2."""
    out = b"2W" + struct.pack(">I", len(messages))
    for number, message in enumerate(messages, 1):
        body = json.dumps({"message": message}).encode()
        out += b"2J" + struct.pack(">II", number, len(body)) + body
    return out


def listening(engine, plugin, options):
    port = free_port()
    engine.start(f"input {{ {plugin} {{ host => '127.0.0.1' port => {port} {options} }} }} {OUTPUT}", "--api.enabled",
                 "false")
    return port


def send(plugin, client, message):
    client.sendall(window([message]) if plugin == "beats" else message.encode() + b"\n")


QUIET = "dns_reverse_lookup_enabled => false "


def case_only_allowed_networks_reach_tcp_and_beats(engine):
    for plugin, more in (("tcp", QUIET), ("beats", "")):
        port = listening(engine, plugin, more + "allowed_networks => ['10.0.0.0/8', '127.0.0.2/31']")
        with contextlib.closing(connect(port, ELSE)) as client:
            send(plugin, client, "hello")
            engine.wait_for("got hello")
        check(is_refused(port, HERE), "127.0.0.1 is let in by " + plugin)
        has(engine.wait_for("Refused a connection"), "127.0.0.1:", "none of the allowed networks")
        engine.stop()


def case_connections_are_limited_in_all_and_per_peer(engine):
    port = listening(engine, "tcp", QUIET + "max_connections => 3 max_connections_per_peer => 2")
    with contextlib.ExitStack() as open_:
        ours = [open_.enter_context(contextlib.closing(connect(port))) for _ in range(2)]
        for number, client in enumerate(ours):
            client.sendall(b"%d\n" % number)
            engine.wait_for(f"got {number}")
        check(is_refused(port, HERE), "a third connection of one peer")
        has(engine.wait_for("Refused a connection"), "as one peer may have")
        other = open_.enter_context(contextlib.closing(connect(port, ELSE)))
        other.sendall(b"other\n")
        engine.wait_for("got other")
        check(is_refused(port, ELSE), "a fourth connection")
        ours[0].close()
        again = open_.enter_context(contextlib.closing(let_in(port)))
        again.sendall(b"again\n")
        engine.wait_for("got again")


def let_in(port):
    """A connection that stays open; tried until the engine has seen that another one has ended."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        client = connect(port)
        client.settimeout(0.3)
        try:
            client.recv(1)
        except TimeoutError:
            client.settimeout(20)
            return client
        except OSError:
            pass
        client.close()
    raise Failed("a place that was left is not given again")


def case_a_peer_is_slowed_down_to_its_rate_and_loses_nothing(engine):
    rate, size, read = 400_000, 1_500_000, 1 << 18  # what was read in one go is over the rate, and paid for later
    for plugin, more in (("tcp", QUIET), ("beats", "")):
        port = listening(engine, plugin, more + f"peer_bytes_per_second => {rate}")
        began = time.monotonic()
        with contextlib.closing(connect(port)) as client, contextlib.closing(connect(port, ELSE)) as other:
            for number in range(3):
                send(plugin, client, f"{number}" + "x" * (size // 3))
            send(plugin, other, "other")  # is not held up by its neighbour
            engine.wait_for("got other")
            check(time.monotonic() - began < 5, "another peer waits")
            with contextlib.closing(connect(port)) as second:  # of the same peer: shares its rate
                send(plugin, second, "second")
                for _ in range(4 - engine.log.count("got ") + 1):
                    engine.wait_for("got ")
        took = time.monotonic() - began
        equal(sorted(line[:7] for line in engine.log.splitlines() if line.startswith("got ")),
              ["got 0xx", "got 1xx", "got 2xx", "got oth", "got sec"], "events")
        check(took >= (size - rate - read) / rate * 0.9, f"{size} bytes at {rate} a second took {took:.2f} s")
        engine.stop()


def case_udp_takes_allowed_peers_and_their_rate(engine):
    port = listening(engine, "udp", "allowed_networks => '127.0.0.2' peer_bytes_per_second => 1000")
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger, contextlib.closing(
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as friend:
        friend.bind((ELSE, 0))
        stranger.sendto(b"stranger", ("127.0.0.1", port))
        friend.sendto(b"friend", ("127.0.0.1", port))
        engine.wait_for("got friend")
        check("stranger" not in engine.log, "a stranger's datagram is taken")
        for _ in range(20):
            friend.sendto(b"f" * 500, ("127.0.0.1", port))
        line = engine.wait_for("Datagrams were not taken")
        has(line, ":refused_so_far=>1")
        engine.stop()
    check(1 <= engine.log.count("got ff") <= 5, f"{engine.log.count('got ff')} datagrams of 20 were taken")


def case_rules_that_cannot_be_meant_are_refused(engine):
    for plugin, options, words in (("tcp", "allowed_networks => ['10.0.0.0/33']", '"10.0.0.0/33" is no address'),
                                   ("beats", "allowed_networks => ['example.org']", '"example.org" is no address'),
                                   ("udp", "allowed_networks => ['1.2.3']", '"1.2.3" is no address'),
                                   ("tcp", "max_connections => -1", "max_connections must be between"),
                                   ("tcp", "mode => 'client' max_connections => 1", 'is for mode => "server"')):
        status, text = engine.run(f"input {{ {plugin} {{ port => 0 {options} }} }} {OUTPUT}", "--test")
        equal(status, 1, options)
        has(text, words)


def case_a_frame_over_the_limit_ends_the_connection(engine):
    port = listening(engine, "beats", "max_frame_bytes => '1 KiB'")
    with contextlib.closing(connect(port)) as client:
        send("beats", client, "x" * 2000)
        equal(client.recv(1), b"", "an answer")
    with contextlib.closing(connect(port)) as client:
        client.sendall(window(["ok"]))
        engine.wait_for("got ok")


def case_json_nested_too_deep_is_an_event_with_a_tag_not_a_crash(engine):
    port = free_port()
    engine.start(f"input {{ tcp {{ host => '127.0.0.1' port => {port} {QUIET} codec => json_lines }} }} "
                 "output { stdout { codec => line { format => 'got %{tags}%{n}' } } }", "--api.enabled", "false")
    with contextlib.closing(connect(port)) as client:
        for deep in (b'{"a":' * 501 + b"1" + b"}" * 501, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 5_000_000):
            client.sendall(deep + b"\n")
            has(engine.wait_for("got "), "_jsonparsefailure")
        client.sendall(b'{"n":7}\n')
        has(engine.wait_for("got "), "7")
