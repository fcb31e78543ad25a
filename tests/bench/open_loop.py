"""An open loop: requests begin at times that no answer delays, as those of many senders do.

wrk's connections each wait for an answer before they send again, so a slow answer makes the load
smaller. Here requests come at random (Poisson) at a given rate. A request's time begins when it is
due, also if it first has to wait for a connection, or for this generator's timer, which ticks each
millisecond.
"""

import argparse
import asyncio
import gc
import random
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from math import ceil
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import msgspec
import uvloop

from tests.bench.pinned import pinned
from tests.bench.variants import ROOT
from tests.bench.wrk import Outcome

CONNECTIONS = 256
LAST_ANSWERS_SECONDS = 10.0
SEED = 1


class Answers:
    """The answers to requests that are sent when they are due, on the first free connection.

    Args:
        requests: the encoded requests, in turns.
    """

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._due: deque[float] = deque()
        self._free: list[Connection] = []
        self._clock = asyncio.get_running_loop().time
        self.seconds: list[float] = []
        self.refused = 0
        self.open = 0
        self.all_answered = asyncio.Event()

    def ask(self, due: float) -> None:
        """Send a request that was due at this time of the loop's clock, or let it wait."""
        self.open += 1
        self.all_answered.clear()
        self._due.append(due)
        if self._free:
            self.give(self._free.pop())

    def give(self, connection: "Connection") -> None:
        """Give a connection the next request, or keep it for later."""
        if self._due:
            connection.send(next(self._requests), self._due.popleft())
        else:
            self._free.append(connection)

    def answered(self, connection: "Connection", due: float, status: int) -> None:
        """Note an answer; the connection is free again."""
        self.open -= 1
        if not self.open:
            self.all_answered.set()
        self.seconds.append(self._clock() - due)
        self.refused += status >= 400
        self.give(connection)


class Connection(asyncio.Protocol):
    """A connection that sends one request at a time, and reads no more of answers than it must."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._transport: asyncio.WriteTransport
        self._due = 0.0
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Offer this connection."""
        self._transport = cast(asyncio.WriteTransport, transport)
        self._answers.give(self)

    def send(self, request: bytes, due: float) -> None:
        """Send a request."""
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Read an answer, or a part of it."""
        self._read += data
        if is_whole(self._read):
            status, self._read = int(self._read[9:12]), b""
            self._answers.answered(self, self._due, status)


def is_whole(answer: bytes) -> bool:
    """Return whether these bytes are a whole HTTP answer, with a Content-Length or without body."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    _, named, rest = head.lower().partition(b"\r\ncontent-length:")
    return len(body) >= (int(rest.partition(b"\r\n")[0]) if named else 0)


def arrivals(rate: float, seconds: float) -> Iterator[float]:
    """Yield the seconds at which requests are due, at random; the same ones each time."""
    chance = random.Random(SEED)
    due = chance.expovariate(rate)
    while due < seconds:
        yield due
        due += chance.expovariate(rate)


def encode(url: str, body: bytes) -> bytes:
    """Return a POST of JSON, encoded."""
    parts = urlsplit(url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def send(url: str, bodies: list[bytes], rate: float, seconds: float) -> Outcome:
    """Send requests at a rate for so many seconds, and wait for their answers."""
    loop = asyncio.get_running_loop()
    answers = Answers(cycle([encode(url, body) for body in bodies]))
    host, _, port = urlsplit(url).netloc.partition(":")
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Connection(answers), host, int(port))
    began = loop.time()
    for due in arrivals(rate, seconds):
        if (wait := began + due - loop.time()) > 0:
            await asyncio.sleep(wait)
        answers.ask(began + due)
    with suppress(TimeoutError):
        await asyncio.wait_for(answers.all_answered.wait(), LAST_ANSWERS_SECONDS)
    return summarise(answers.seconds, seconds, answers.refused, answers.open)


def summarise(times: list[float], seconds: float, refused: int, broken: int) -> Outcome:
    """Return percentiles, by nearest rank, of the seconds that answers took."""
    ordered = sorted(times) or [0.0]

    def rank(share: float) -> float:
        return ordered[ceil(share * len(ordered)) - 1] * 1_000

    return Outcome(len(times), seconds, rank(0.5), rank(0.99), rank(1), refused, broken)


def run(url: str, bodies: Path, *, rate: float, seconds: int, core: int) -> Outcome:
    """Post bodies in turns for that long, from a process of its own.

    Args:
        url: where to.
        bodies: the file with what is posted, a body in each line.
        rate: requests a second.
        seconds: how long.
        core: the processor to run on.
    """
    command = [sys.executable, "-m", "tests.bench.open_loop", url, str(bodies)]
    command = pinned([*command, str(rate), str(seconds)], core)
    printed = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    return msgspec.json.decode(printed.stdout, type=Outcome)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("bodies", type=Path)
    parser.add_argument("rate", type=float)
    parser.add_argument("seconds", type=float)
    given = parser.parse_args()
    gc.disable()  # a collection would delay requests that are due
    lines = given.bodies.read_bytes().splitlines()
    seen = uvloop.run(send(given.url, lines, given.rate, given.seconds))
    sys.stdout.write(msgspec.json.encode(seen).decode())
