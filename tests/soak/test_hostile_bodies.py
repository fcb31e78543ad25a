"""Bodies that take long to read, over the wire: others are answered meanwhile.

The longest waits are printed (`-s`). They depend on the machine, so the test checks what they
depend on: which thread reads a body, and how much the careful decoder gets.
"""

import gzip
import hashlib
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec
import pytest

from functions.events.body import CAREFUL_BYTES
from local.children import die_with_parent
from tests.cell.running import PATIENCE_SECONDS, ROOT
from tests.soak.watched_receiver import Seen
from tests.unit.receive.stand_ins import ONE_PROJECT_TOKEN, TOKEN

SIZES = cycle([10_480_000, 1_040_000, 100_000, 1_048_000, 300_000])
"""About how many bytes a body has: below the limit of a request, around that of the careful
decoder, and a little above what is judged aside."""

PATH = f"/events/{TOKEN}"
SMALL = b'{"event":"emoji_sent","value":{"user_id":"u","project":"only","number":1}}'
BREATH_SECONDS = 0.002

Fill = Callable[[int], bytes]
"""Makes JSON of about so many bytes."""


def text(piece: bytes) -> Fill:
    return lambda size: b'"%b"' % (piece * (size // len(piece)))


def array(element: bytes) -> Fill:
    return lambda size: b"[%b%b]" % ((element + b",") * (size // (len(element) + 1)), element)


def members(name: bytes, value: bytes = b"0") -> Fill:
    """Make an object; the name may have a place for a number, so that names differ."""

    def fill(size: int) -> bytes:
        count = size // (len(name) + len(value) + 6)
        member = b'"%b":%b' % (name.replace(b"#", b"%d"), value)
        each = [member % at for at in range(count)] if b"#" in name else [member] * count
        return b"{%b}" % b",".join(each)

    return fill


def nested(depth: int) -> Fill:
    return array(b"[" * depth + b"]" * depth)


FILLS: dict[str, Fill] = {
    "text": text(b"a"),
    "text, not ASCII": text("é𝄞".encode()),
    "escapes": text(rb"\n"),
    "escaped backslashes": text(rb"\\"),
    "NUL": text(rb"\u0000"),
    "pairs": text(rb"\ud83d\ude00"),
    "half pairs": text(rb"\ud83d"),
    "almost events": text(rb"{event\n "),
    "a number": lambda size: b"9" * size,
    "ones": array(b"1"),
    "1e400": array(b"1e400"),
    "long numbers": array(b"9" * 4_001),
    "objects": array(b"{}"),
    "texts": array(b'""'),
    "half pairs apart": array(rb'"\ud83d"'),
    "nested": nested(300),
    "nested, too deep": nested(600),
    "members": members(b"m#"),
    "one member": members(b""),
    "spellings": members(b"Ev-en_T#"),
    "users": members(b"user_id", b'"u"'),
    "answers": members(b"answer_#", b'"a"'),
    "half pairs as names": members(rb"\ud83d#"),
    "escaped names": members(rb"\u0065vent"),
}

Form = Callable[[Fill, int], bytes]
"""Makes a body of about so many bytes."""

PLAIN = b'{"event":"quiz_answered","value":{"project":"acme-prod","n":"","x":%b}}'
SPELLED = b'{"Event":"quiz_answered","Value":{"project":"acme-prod","n":"","x":%b}}'


def plain(fill: Fill, size: int) -> bytes:
    return PLAIN % fill(size)


FORMS: dict[str, Form] = {
    "alone": lambda fill, size: fill(size),
    "plain": plain,
    "spelled": lambda fill, size: SPELLED % fill(size),
    "cut emoji": lambda fill, size: plain(fill, size).replace(b'"n":"', rb'"n":"\ud83d'),
    "data": lambda fill, size: b'{"data":%b}' % plain(fill, size),
    "JSON in JSON": lambda fill, size: json.dumps(plain(fill, size // 2).decode()).encode(),
    "array": lambda fill, size: b"[%b]" % b",".join([SPELLED % fill(size // 12)] * 11),
    "lines": lambda fill, size: b"\n".join([*[plain(fill, size // 1_000)] * 900, SPELLED % b"1"]),
    "cut": lambda fill, size: plain(fill, size)[:-1],
    "gzip": plain,
}


class Case(NamedTuple):
    """A hostile body.

    Attributes:
        name: its shape and its size.
        body: its bytes.
        compressed: the bytes that are sent, if they are not the body's.
    """

    name: str
    body: bytes
    compressed: bytes | None


def cases() -> Iterator[Case]:
    for form, make in FORMS.items():
        for (name, fill), size in zip(FILLS.items(), SIZES, strict=False):
            body = make(fill, size)[:10_485_760]
            compressed = gzip.compress(body, 1) if form == "gzip" else None
            yield Case(f"{form} / {name} / {len(body):,}", body, compressed)


class Waits:
    """Sends small requests, one after the other, and notes how long each waits for its answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self.longest = 0.0
        self.refused = 0
        self.count = 0

    def __enter__(self) -> "Waits":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _send(self) -> None:
        with closing(connect(self._port)) as connection:
            while not self._ends.wait(BREATH_SECONDS):
                begun = time.perf_counter()
                status, _ = post(connection, f"/events/{ONE_PROJECT_TOKEN}", SMALL)
                self.longest = max(self.longest, time.perf_counter() - begun)
                self.refused += status != 200
                self.count += 1


def connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)


def post(
    connection: http.client.HTTPConnection, path: str, body: bytes, encoding: str = "identity"
) -> tuple[int, bytes]:
    connection.request("POST", path, body, {"Content-Encoding": encoding})
    answer = connection.getresponse()
    return answer.status, answer.read()


@contextmanager
def receiver(folder: Path) -> Iterator[int]:
    """Run a watched receiver for as long as the context is open; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        descriptor, port = listening.fileno(), listening.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.watched_receiver", str(descriptor), str(folder)],
            cwd=ROOT,
            pass_fds=[descriptor],
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it calls nothing but prctl
        )
        try:
            yield port
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def seen(connection: http.client.HTTPConnection) -> Seen:
    connection.request("GET", "/seen")
    return msgspec.json.decode(connection.getresponse().read(), type=Seen)


NOTHING_KEPT = {"request_too_large", "too_many_events"}


def check_stored(case: Case, status: int, answer: bytes, found: Seen, small: int) -> str:
    """Check that each event is published or quarantined, as the answer says; return what it says.

    Args:
        case: what was sent.
        status: the status of the answer.
        answer: the body of the answer.
        found: what the receiver did.
        small: how many small requests it answered meanwhile, each with one event.
    """
    said = json.loads(answer)
    reason: str = said.get("reason", "")
    results = said.get("results", [])
    refused = [result for result in results if result["status"] != 200]
    assert 200 <= status < 500, (case.name, status, reason)
    assert found.published - small == len(results) - len(refused), case.name
    if reason in NOTHING_KEPT:
        assert found.kept == [], case.name
    elif status != 200 and not results:
        [kept] = found.kept
        assert (kept.reason, kept.events) in {(reason, 0), (reason, 1)}, case.name
        assert kept.digest == hashlib.sha256(case.body).hexdigest(), case.name
    else:
        assert sum(kept.events for kept in found.kept) == len(refused), case.name
    return f"{status} {reason}"


@pytest.mark.soak
def test_no_body_holds_up_other_requests(tmp_path: Path) -> None:
    lines: list[tuple[float, float, str]] = []
    with receiver(tmp_path) as port, closing(connect(port)) as connection:
        post(connection, PATH, PLAIN % b"1")
        for case in cases():
            seen(connection)
            sent = case.body if case.compressed is None else case.compressed
            encoding = "identity" if case.compressed is None else "gzip"
            with Waits(port) as waits:
                begun = time.perf_counter()
                status, answer = post(connection, PATH, sent, encoding)
                took = time.perf_counter() - begun
            found = seen(connection)
            said = check_stored(case, status, answer, found, waits.count)
            assert waits.refused == 0, case.name
            assert found.on_loop == 0, case.name
            assert found.careful <= CAREFUL_BYTES, case.name
            turn, longest = found.longest_turn * 1e3, waits.longest * 1e3
            line = f"loop {turn:3.0f} ms ({turn * 1e6 / len(case.body):5.1f} ms/MB), small requests"
            line += f" {longest:4.0f} ms, answer {took * 1e3:5.0f} ms: {case.name}: {said}"
            lines.append((turn, longest, line))
    lines.sort(reverse=True)
    print(f"\n{len(lines)} bodies; those that held the loop for the longest time:")
    print("\n".join(line for _, _, line in lines[:20]))
    waits_of_all = sorted(longest for _, longest, _ in lines)
    print(f"The longest wait of a small request: {waits_of_all[-1]:.0f} ms", end="")
    print(f"; half of the bodies let none wait longer than {median(waits_of_all):.0f} ms")
