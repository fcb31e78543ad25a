"""Runs long computations in a thread, so that other requests get their turns meanwhile.

Only one computation runs at a time. Python's global lock lets one thread work at a time anyway, and
with several threads the event loop would wait longer for that lock. Owners take turns, so a partner
with many large bodies does not delay the large bodies of the others for long.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

ASIDE_BYTES = 65_536
"""Bodies with more bytes than this are worth a thread. Any smaller body takes less time than other
requests may wait, and a batch of a hundred usual events is smaller."""

T = TypeVar("T")


class Aside:
    """Runs computations one after the other in a thread of its own."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aside")
        self._is_busy = False
        self._lines: dict[str, deque[asyncio.Future[None]]] = {}

    async def run(self, owner: str, compute: Callable[[], T]) -> T:
        """Run a computation when it is its owner's turn; return its result, or raise its error.

        Args:
            owner: the name of the partner for whom the computation is made.
            compute: does no I/O, and changes nothing that other code uses.
        """
        if self._is_busy:
            await self._wait(owner)
        self._is_busy = True
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, compute)
        finally:
            self._end_turn()

    async def _wait(self, owner: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(owner, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the turn came at the same moment; the next one takes it
                self._end_turn()
            raise

    def _end_turn(self) -> None:
        """Give the turn to the owner who has waited longest since the last one."""
        while self._lines:
            owner = next(iter(self._lines))
            line = self._lines.pop(owner)
            turn = line.popleft()
            if line:
                self._lines[owner] = line  # behind the other owners
            if not turn.done():
                turn.set_result(None)
                return
        self._is_busy = False
