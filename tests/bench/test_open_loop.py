"""The open loop asks when requests are due, whatever became of those before."""

import asyncio

import pytest

from tests.bench import open_loop
from tests.bench.open_loop import arrivals, encode, is_whole, summarise

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_requests_come_at_the_rate() -> None:
    times = list(arrivals(1_000, 10))
    assert len(times) == pytest.approx(10_000, rel=0.05)
    assert times == sorted(times)
    assert times == list(arrivals(1_000, 10))


@pytest.mark.parametrize("length", range(len(ANSWER)))
def test_a_part_of_an_answer_is_not_whole(length: int) -> None:
    assert not is_whole(ANSWER[:length])


def test_an_answer_is_whole_with_its_body_or_without_one() -> None:
    assert is_whole(ANSWER)
    assert is_whole(b"HTTP/1.1 204 No Content\r\n\r\n")


def test_percentiles_are_in_milliseconds() -> None:
    outcome = summarise([number / 1_000 for number in range(1, 101)], 2, 3, 4)
    assert (outcome.p50_ms, outcome.p99_ms, outcome.max_ms) == pytest.approx((50, 99, 100))
    assert (outcome.requests, outcome.refused, outcome.broken) == (100, 3, 4)


async def test_a_slow_answer_delays_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server answers only after all requests have arrived.

    If a request waited for the answer to an earlier one, none would be answered.
    """
    due = len(list(arrivals(200, 0.1)))
    assert due > 5
    monkeypatch.setattr(open_loop, "CONNECTIONS", due)
    everything = asyncio.Event()
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = encode(url, b"{}")
        seen.append(await reader.readexactly(len(request)))
        if len(seen) == due:
            everything.set()
        await everything.wait()
        writer.write(ANSWER)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/events/token"
        outcome = await open_loop.send(url, [b"{}"], 200, 0.1)
    assert outcome.requests == due
    assert not outcome.refused
    assert not outcome.broken
    assert seen[0].startswith(b"POST /events/token HTTP/1.1\r\n")
