"""Micro-batching: entries that arrive while a batch is in flight are sent together afterwards.

An idle batcher sends an entry at once, so it adds no latency. A busy batcher sends larger batches,
so the cost of each entry falls as the load grows. If sending a batch is expensive, the batcher can
wait for more entries (`linger`) or leave time between the starts of batches (`spacing`).
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_Waiting = tuple[T, int, int, asyncio.Future[R]]
"""An entry, the number of its items, its size in bytes, and the future for its result."""


class QueueFull(Exception):
    """Too much is waiting. The caller should refuse the request, and let the sender retry."""


class Batcher(Generic[T, R]):
    """Groups entries of concurrent callers into batches.

    Args:
        send: sends a batch, and returns a result for each entry, in order. If it raises an error,
            the callers of all entries of the batch get this error.
        max_items: the maximum number of items in one batch, summed over its entries.
        max_bytes: the maximum size of one batch in bytes. A larger entry is sent alone.
        max_in_flight: the maximum number of concurrent batches.
        max_waiting: the maximum number of items that wait for a batch; by default, there is no
            limit. If there are more, `put` raises QueueFull.
        linger: the seconds for which the first entry of a batch waits for other entries.
        spacing: while a batch is in flight, the next one starts at least this many seconds after
            it, unless the next one is full. So a slow service gets batches at regular intervals.
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
        self._loop: asyncio.AbstractEventLoop | None = None

    def put(self, entry: T, *, size: int, items: int = 1) -> "asyncio.Future[R]":
        """Add an entry to the next batch.

        This method is not a coroutine, because creating a coroutine for each entry takes time.

        Args:
            entry: the entry to send.
            size: the entry's size in bytes, counted against `max_bytes`.
            items: the number of items in the entry, counted against `max_items`.

        Returns:
            A future that returns the entry's result, or raises the error that `send` raised for the
            entry's batch.

        Raises:
            QueueFull: too many items are waiting.
        """
        if self._waiting_items + items > self._max_waiting:
            raise QueueFull
        loop = self._loop
        if loop is None:  # in Python 3.11, each look-up of the running loop is a system call
            loop = self._loop = asyncio.get_running_loop()
        result: asyncio.Future[R] = loop.create_future()
        self._waiting.append((entry, items, size, result))
        self._waiting_items += items
        self._waiting_size += size
        if not self._scheduled and len(self._in_flight) < self._max_in_flight:
            self._scheduled = True
            if self._linger:
                loop.call_later(self._linger, self._start)
            else:
                # Entries that are added in the same turn of the event loop join the batch.
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
        """Return whether the next batch has to wait because of `spacing`; if so, schedule it."""
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
            # Fast path: the whole queue fits into one batch.
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
        except Exception as error:  # noqa: BLE001 - every error goes to the callers
            failure = error
        finally:
            # Start the next batch before the callers of this batch resume. So the callers work
            # while the next batch is in flight.
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
