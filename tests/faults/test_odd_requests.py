"""The receiver gives a plain answer to requests that no library sends, and logs no token.

The fixture `rig` looks for the token in all logs.
"""

import asyncio
import gzip
from collections.abc import Callable

import pytest

from tests.cell.running import PATIENCE_SECONDS
from tests.faults.outcome import drain
from tests.faults.rig import Rig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]

BODY = b'{"event":"emoji_sent","value":{"user_id":"u","project":"dev","event_id":"odd-1"}}'
CHUNK = b"%x\r\n%b\r\n" % (len(BODY), BODY)
CHUNKED = b"Transfer-Encoding: chunked"
LENGTH = b"Content-Length: %d" % len(BODY)

Raw = Callable[[bytes], bytes]
"""Makes the bytes of a request from a token."""


def post(path: bytes, *headers: bytes, body: bytes = BODY) -> Raw:
    return of(b"POST", path, *(headers or (b"Content-Length: %d" % len(body),)), body=body)


def of(
    method: bytes, path: bytes, *headers: bytes, body: bytes = b"", version: bytes = b"1.1"
) -> Raw:
    def raw(token: bytes) -> bytes:
        first = b"%b %b HTTP/%b" % (method, path.replace(b"<token>", token), version)
        lines = [first, b"Host: cell", b"Connection: close", *headers]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    return raw


def escaped(token: bytes) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in token)


URL = b"/events/<token>"
GOOD: dict[str, Raw] = {
    "an escaped token": lambda token: post(URL)(escaped(token)),
    "an absolute address": post(b"http://elsewhere" + URL),
    "a slash behind": post(URL + b"/"),
    "chunks": post(URL, CHUNKED, body=CHUNK + b"0\r\n\r\n"),
    "a trailer": post(URL, CHUNKED, body=CHUNK + b"0\r\nwebhook-id: odd-trailer\r\n\r\n"),
    "asking first": post(URL, LENGTH, b"Expect: 100-continue"),
    "HTTP/1.0": of(b"POST", URL, LENGTH, body=BODY, version=b"1.0"),
    "a header that is not ASCII": post(URL, LENGTH, b"webhook-id: \xff\xfe"),
    "a long header": post(URL, LENGTH, b"webhook-id: " + b"a" * 30_000),
}
BAD: dict[str, tuple[int, Raw]] = {
    "two slashes": (404, post(b"/" + URL)),
    "a way round": (404, post(b"/x/.." + URL)),
    "a token with more": (401, post(URL + b"%00")),
    "no UTF-8": (401, post(b"/events/%ff%fe")),
    "OPTIONS": (405, of(b"OPTIONS", URL)),
    "PUT": (405, of(b"PUT", URL, LENGTH, body=BODY)),
    "TRACE": (405, of(b"TRACE", URL)),
    "a raw byte in the path": (400, post(URL + b"\xff")),
    "both lengths": (400, post(URL, LENGTH, CHUNKED, body=CHUNK + b"0\r\n\r\n")),
    "two lengths": (400, post(URL, LENGTH, b"Content-Length: 3")),
    "a negative length": (400, post(URL, b"Content-Length: -1")),
    "an unknown coding": (400, post(URL, b"Transfer-Encoding: xchunked")),
    "a folded header": (400, post(URL, LENGTH, b"webhook-id: odd\r\n fold")),
    "gzip": (400, post(URL, body=gzip.compress(BODY))),
    "nothing": (400, post(URL, b"Content-Length: 0", body=b"")),
}


async def exchange(rig: Rig, raw: bytes, *, pieces: int = 1) -> int:
    """Send bytes in a number of pieces; return the status of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.cell.port("receive"))
    async with asyncio.timeout(PATIENCE_SECONDS):
        size = -(-len(raw) // pieces)
        for start in range(0, len(raw), size):
            writer.write(raw[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)
        answer = await reader.read()
    writer.close()
    assert rig.cell.token.encode() not in answer
    return int(answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").split()[1])


async def test_odd_requests_are_answered_plainly(rig: Rig) -> None:
    token = rig.cell.token.encode()
    for name, raw in GOOD.items():
        assert await exchange(rig, raw(token)) == 200, name
    for name, (expected, raw) in BAD.items():
        assert await exchange(rig, raw(token)) == expected, name
    upgrade = of(
        b"GET", URL, b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"
    )
    assert await exchange(rig, upgrade(token)) < 500
    await drain(rig)  # a slow machine may have spilled some events
    await rig.until_shown("odd", len(GOOD))


async def test_a_slow_sender_is_served_and_one_that_breaks_off_is_forgotten(rig: Rig) -> None:
    slow = post(URL, body=BODY.replace(b"odd-", b"slow-"))(rig.cell.token.encode())
    _, broken = await asyncio.open_connection("127.0.0.1", rig.cell.port("receive"))
    broken.write(slow[:-1])
    await broken.drain()
    assert await exchange(rig, slow, pieces=len(slow)) == 200
    broken.close()
    await broken.wait_closed()
    await drain(rig)
    await rig.until_shown("slow", 1)
