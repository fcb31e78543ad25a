"""Entries are sent in batches; some wait for the next batch, and some are refused."""

import asyncio
import contextlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.web.batching import Batcher, QueueFull


class Sink:
    """Sends batches once `gate` is set, and records them."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()

    async def send(self, batch: list[int]) -> Sequence[int]:
        self.batches.append(batch)
        await self.gate.wait()
        if -1 in batch:
            raise ConnectionError
        return [entry * 10 for entry in batch]


def batcher(sink: Sink, **changes: int) -> Batcher[int, int]:
    limits = {"max_items": 3, "max_bytes": 100, "max_in_flight": 1, "max_waiting": 10} | changes
    return Batcher(sink.send, **limits)


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_idle_batcher_sends_at_once_and_a_busy_one_in_batches() -> None:
    sink = Sink()
    sending = batcher(sink)
    tasks = [sending.put(0, size=1)]
    await turn()
    tasks += [sending.put(entry, size=1) for entry in range(1, 6)]
    await turn()
    assert sink.batches == [[0]]
    sink.gate.set()
    assert await asyncio.gather(*tasks) == [0, 10, 20, 30, 40, 50]
    assert sink.batches == [[0], [1, 2, 3], [4, 5]]


@pytest.mark.parametrize("first", [0, -1])
async def test_the_next_batch_is_under_way_before_the_callers_of_the_last_go_on(first: int) -> None:
    sink = Sink()
    sending = batcher(sink)
    under_way: list[list[list[int]]] = []

    async def call(entry: int) -> None:
        with contextlib.suppress(ConnectionError):
            await sending.put(entry, size=1)
        under_way.append(list(sink.batches))

    calls = [asyncio.create_task(call(first))]
    await turn()
    calls.append(asyncio.create_task(call(1)))
    await turn()
    sink.gate.set()
    await asyncio.gather(*calls)
    assert under_way[0] == [[first], [1]]


async def test_entries_of_one_turn_go_together() -> None:
    sink = Sink()
    sink.gate.set()
    sending = batcher(sink)
    await asyncio.gather(*(sending.put(entry, size=1) for entry in range(3)))
    assert sink.batches == [[0, 1, 2]]


async def test_a_batch_is_bounded_in_bytes_and_a_large_entry_goes_alone() -> None:
    sink = Sink()
    sink.gate.set()
    sending = batcher(sink)
    await asyncio.gather(*(sending.put(n, size=size) for n, size in enumerate([500, 60, 60])))
    assert sink.batches == [[0], [1], [2]]


async def test_an_entry_may_stand_for_several_items() -> None:
    sink = Sink()
    sink.gate.set()
    sending = batcher(sink)
    await asyncio.gather(*(sending.put(n, items=2, size=1) for n in range(2)))
    assert sink.batches == [[0], [1]]


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 120)), min_size=1, max_size=20))
async def test_each_batch_takes_as_many_as_fit_in_their_order(
    entries: list[tuple[int, int]],
) -> None:
    sink = Sink()
    sink.gate.set()
    sending = batcher(sink, max_waiting=80)
    await asyncio.gather(
        *(sending.put(n, items=items, size=size) for n, (items, size) in enumerate(entries))
    )
    expected: list[list[int]] = []
    items = size = 0
    for number, (more_items, more_size) in enumerate(entries):
        if not expected or items + more_items > 3 or size + more_size > 100:
            expected.append([])
            items = size = 0
        expected[-1].append(number)
        items, size = items + more_items, size + more_size
    assert sink.batches == expected
    assert (sending._waiting_items, sending._waiting_size) == (0, 0)


async def test_as_many_batches_as_allowed_are_in_flight() -> None:
    sink = Sink()
    sending = batcher(sink, max_in_flight=2, max_items=1)
    tasks = [sending.put(entry, size=1) for entry in range(3)]
    await turn()
    assert sink.batches == [[0], [1]]
    sink.gate.set()
    await asyncio.gather(*tasks)


async def test_an_entry_that_may_not_wait_is_refused() -> None:
    sink = Sink()
    sending = batcher(sink, max_waiting=2)
    tasks = [sending.put(0, size=1)]
    await turn()
    tasks.append(sending.put(1, items=2, size=1))
    await turn()
    with pytest.raises(QueueFull):
        await sending.put(2, size=1)
    sink.gate.set()
    await asyncio.gather(*tasks)
    assert await sending.put(2, size=1) == 20


async def test_a_failure_goes_to_its_own_batch_only() -> None:
    sink = Sink()
    sink.gate.set()
    sending = batcher(sink, max_items=2)
    outcomes = await asyncio.gather(
        *(sending.put(entry, size=1) for entry in (1, -1, 2)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [ConnectionError, ConnectionError, int]


async def test_a_caller_that_goes_away_does_not_harm_the_batch() -> None:
    sink = Sink()
    sending = batcher(sink)
    tasks = [sending.put(entry, size=1) for entry in range(2)]
    await turn()
    tasks[0].cancel()
    sink.gate.set()
    assert await tasks[1] == 10


async def test_batches_keep_their_distance_while_one_is_under_way() -> None:
    sink = Sink()
    sending = Batcher(sink.send, max_items=3, max_bytes=100, max_in_flight=4, spacing=0.05)
    began = asyncio.get_running_loop().time()
    first = sending.put(0, size=1)
    await turn()
    others = [sending.put(entry, size=1) for entry in (1, 2)]
    await turn()
    assert sink.batches == [[0]]
    async with asyncio.timeout(60):
        while len(sink.batches) < 2:  # noqa: ASYNC110 - nothing sets an Event
            await asyncio.sleep(0.001)
    assert asyncio.get_running_loop().time() - began >= 0.049
    assert sink.batches == [[0], [1, 2]]
    sink.gate.set()
    assert await asyncio.gather(first, *others) == [0, 10, 20]


async def test_a_full_batch_and_an_idle_batcher_wait_for_nothing() -> None:
    sink = Sink()
    sending = Batcher(sink.send, max_items=2, max_bytes=100, max_in_flight=4, spacing=3_600)
    tasks = [sending.put(0, size=1)]
    await turn()
    tasks += [sending.put(entry, size=1) for entry in (1, 2, 3)]
    await turn()
    assert sink.batches == [[0], [1, 2]]
    sink.gate.set()
    assert await asyncio.gather(*tasks) == [0, 10, 20, 30]
    assert sink.batches == [[0], [1, 2], [3]]
