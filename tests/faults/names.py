"""A DNS server that fails, under the dns filter: events pass it, with a tag where nobody answered, and names are known again as
soon as the server is well."""
import socket
import struct
import threading

from bad_servers import BadServer
from checks import equal
from destinations import Scene, elasticsearch

ADDRESS = "192.0.2.7"
NOT_FOUND, SERVER_FAILURE = 3, 2


class NameServer(threading.Thread):
    """Answers every question with `answer(question)`, or not at all where that is None."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        self.answer, self.asked = answer, 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                question, peer = self._socket.recvfrom(4096)
                self.asked += 1
                answer = self.answer(question)
                if answer is not None:
                    self._socket.sendto(answer, peer)
            except OSError:
                return

    def close(self):
        self._socket.close()


def fails(code):
    return lambda question: question[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, 0, 0, 0) + body_of(question)


def body_of(question):
    return question[12:question.index(b"\0", 12) + 5]


def knows(question):
    """The address for questions about addresses of IPv4, none for others."""
    body = body_of(question)
    if body[-4:-2] != b"\0\1":
        return question[:2] + struct.pack(">HHHHH", 0x8180, 1, 0, 0, 0) + body
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(ADDRESS)
    return question[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + body + record


WAYS = {  # how it behaves: the answer, and whether the event gets the tag
    "silent": (lambda question: None, True),
    "does not know the name": (fails(NOT_FOUND), False),
    "fails": (fails(SERVER_FAILURE), None),
    "answers garbage": (lambda question: b"\xff" * 40, None),
    "answers the half": (lambda question: knows(question)[:20], None),
}


def dns_filter(bench):
    names = bench.closing_receiver(NameServer(knows))
    server = bench.closing_receiver(BadServer())
    scene = Scene(bench, elasticsearch(f'"http://127.0.0.1:{server.port}"'), more_filters=(
        'mutate { add_field => { "name" => "host.example" } } dns { resolve => ["name"] action => "replace" '
        f'nameserver => ["127.0.0.1:{names.port}"] timeout => 0.1 max_retries => 1 }}'))
    number = 0
    for way, (answer, tagged) in WAYS.items():
        names.answer = answer
        asked = names.asked
        scene.wait_acknowledged(scene.send([number]))
        document = server.sources[number]
        equal(names.asked > asked, True, f"the server was asked when it {way}")
        equal(document["name"], "host.example", f"the name when the server {way}")
        if tagged is not None:
            equal("_dnstimeout" in document.get("tags", []), tagged, f"the tag when the server {way}")
        names.answer = knows
        scene.wait_acknowledged(scene.send([number + 1]))
        equal(server.sources[number + 1]["name"], ADDRESS, f"the name after the server {way}")
        number += 2
    scene.stop()


TESTS = {"fault: the name server of the dns filter fails": dns_filter}
