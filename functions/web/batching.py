"""Micro-batching: a batch is what arrived while earlier ones were in flight.

An idle batcher sends an entry at once, so it adds no latency; a busy one sends larger and larger
batches, so its cost per entry falls as the load grows. Where batches are dear, it may linger, or
keep them apart while it is busy.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_Waiting = tuple[T, int, int, asyncio.Future[R]]
"""An entry, its items, its size in bytes, and where its result goes."""


class QueueFull(Exception):
    """As many items wait as may; the caller should refuse work and let the sender come again."""


class Batcher(Generic[T, R]):
    """Groups entries of concurrent callers into batches.

    Args:
        send: sends one batch; returns a result for each entry, in order. What it raises is raised
            to every caller of that batch.
        max_items: the most items in one batch, summed over its entries.
        max_bytes: the most bytes in one batch. A single larger entry goes alone.
        max_in_flight: how many batches may be under way at a time.
        max_waiting: how many items may wait for their batch before `put` refuses; without it, the
            callers bound themselves.
        linger: seconds that an entry waits for others to join its batch.
        spacing: seconds from the start of a batch to that of the next, while any is under way and
            the next is not full. A quick service gets few batches then, one after the other, and a
            slow one gets them in even steps.
    """

    def __init__(
        self,
        send: Callable[[list[T]], Awaitable[Sequence[R]]],
        *,
        max_items: int,
        max_bytes: int,
        max_in_flight: int,
        max_waiting: int = sys.maxsize,
        linger: float = 0.0,
        spacing: float = 0.0,
    ) -> None:
        self._send = send
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._max_in_flight = max_in_flight
        self._max_waiting = max_waiting
        self._linger = linger
        self._spacing = spacing
        self._began = 0.0
        self._pause: asyncio.TimerHandle | None = None
        self._waiting: list[_Waiting[T, R]] = []
        self._waiting_items = 0
        self._waiting_size = 0
        self._in_flight: set[asyncio.Task[None]] = set()
        self._scheduled = False

    def put(self, entry: T, *, size: int, items: int = 1) -> "asyncio.Future[R]":
        """Send an entry with the next batch.

        It returns a future, not a coroutine, which every entry would pay for.

        Args:
            entry: what to send.
            size: its size in bytes, counted against `max_bytes`.
            items: how many items it stands for, counted against `max_items`.

        Returns:
            The entry's result, or what `send` raised for its batch.

        Raises:
            QueueFull: too many items wait already.
        """
        if self._waiting_items + items > self._max_waiting:
            raise QueueFull
        loop = asyncio.get_running_loop()
        result: asyncio.Future[R] = loop.create_future()
        self._waiting.append((entry, items, size, result))
        self._waiting_items += items
        self._waiting_size += size
        if not self._scheduled and len(self._in_flight) < self._max_in_flight:
            self._scheduled = True
            if self._linger:
                loop.call_later(self._linger, self._start)
            else:
                # Everything that is ready in this turn of the loop still joins the batch.
                loop.call_soon(self._start)
        return result

    def _start(self) -> None:
        self._scheduled = False
        loop = asyncio.get_running_loop()
        while self._waiting and len(self._in_flight) < self._max_in_flight:
            if self._is_too_early(loop):
                return
            self._began = loop.time()
            self._in_flight.add(loop.create_task(self._run(self._take())))

    def _is_too_early(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Say whether the next batch is to keep its distance, and see that it starts then."""
        if not self._in_flight or self._waiting_items >= self._max_items:
            return False
        remaining = self._began + self._spacing - loop.time()
        if remaining <= 0:
            return False
        if self._pause is None:
            self._pause = loop.call_later(remaining, self._resume)
        return True

    def _resume(self) -> None:
        self._pause = None
        self._start()

    def _take(self) -> list[_Waiting[T, R]]:
        if self._waiting_items <= self._max_items and self._waiting_size <= self._max_bytes:
            # As nearly always: nobody is looked at singly.
            batch, self._waiting = self._waiting, []
            self._waiting_items = self._waiting_size = 0
            return batch
        count = items = size = 0
        for _, more_items, more_size, _ in self._waiting:
            is_full = items + more_items > self._max_items or size + more_size > self._max_bytes
            if count and is_full:
                break
            count, items, size = count + 1, items + more_items, size + more_size
        batch = self._waiting[:count]
        del self._waiting[:count]
        self._waiting_items -= items
        self._waiting_size -= size
        return batch

    async def _run(self, batch: list[_Waiting[T, R]]) -> None:
        failure: Exception | None = None
        results: Sequence[R] = ()
        try:
            results = await self._send([entry for entry, _, _, _ in batch])
        except Exception as error:  # noqa: BLE001 - the callers get it, whatever it is
            failure = error
        finally:
            # The next batch goes before the callers of this one: while they are at work, it is
            # under way.
            task = asyncio.current_task()
            if task is not None:
                self._in_flight.discard(task)
            if not self._scheduled:
                self._start()
        if failure is not None:
            for _, _, _, result in batch:
                if not result.done():
                    result.set_exception(failure)
            return
        for (_, _, _, result), outcome in zip(batch, results, strict=True):
            if not result.done():
                result.set_result(outcome)
