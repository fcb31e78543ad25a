import asyncio
import signal
from collections.abc import Callable

import pytest

from functions.observe.tally import Milliseconds, Paced


class Counter:
    """Records the times at which it is written; `full` says whether it has something to write."""

    def __init__(self) -> None:
        self.now = 100.0
        self.full = True
        self.written: list[float] = []
        self.paced = Paced(self.write, lambda: self.now)

    def write(self) -> bool:
        self.written.append(self.now)
        return self.full


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([0.0012], (1.2, 1.2, 1.2)),
        ([0.003, 0.001, 0.002], (2.0, 3.0, 3.0)),
        ([number / 1000 for number in range(1, 201)], (100.0, 198.0, 200.0)),
    ],
)
def test_a_distribution_is_by_nearest_rank(
    seconds: list[float], expected: tuple[float, ...]
) -> None:
    summary = Milliseconds.of(seconds)
    assert (summary.p50, summary.p99, summary.max) == expected


async def test_counts_that_come_a_second_later_are_written_at_once() -> None:
    counter = Counter()
    counter.paced.write_when_due()
    counter.now += 1
    counter.paced.write_when_due()
    assert counter.written == [100, 101]


async def test_within_the_second_it_waits_for_the_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    delays: list[float] = []
    loop = asyncio.get_running_loop()

    def call_soon(delay: float, action: Callable[[], None]) -> asyncio.Handle:
        delays.append(delay)
        return loop.call_soon(action)

    monkeypatch.setattr(loop, "call_later", call_soon)
    counter = Counter()
    counter.paced.write_when_due()
    counter.now += 0.25
    counter.paced.write_when_due()
    counter.paced.write_when_due()
    assert (counter.written, delays) == ([100], [0.75])
    await asyncio.sleep(0)
    assert counter.written == [100, 100.25]


async def test_a_line_that_was_not_written_delays_none() -> None:
    counter = Counter()
    counter.full = False
    counter.paced.write_when_due()
    counter.paced.write_when_due()
    assert counter.written == [100, 100]


async def test_from_sigterm_on_every_request_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopped.append(number))
    try:
        counter = Counter()
        counter.paced.finish_at_sigterm()
        counter.paced.write_when_due()
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0)
        counter.paced.write_when_due()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert stopped == [signal.SIGTERM]
    assert counter.written == [100, 100, 100]
