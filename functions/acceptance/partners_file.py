"""Keeps the partners' secret fresh without holding up requests; fails closed."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from functions.acceptance.partners import Directory
from functions.log import log

REFRESH_SECONDS = 60.0
"""A rotated token works, and a revoked one stops working, within this time."""

KEEP_SECONDS = 600.0
"""The longest time that the last good value is used while the secret cannot be read."""

RETRY_SECONDS = 1.0
"""How soon to try again where no value may be used any more."""

READ_SECONDS = 5.0
"""How long one read may take; the secret is a volume that fetches at every read."""

HANGING_READS = 4
"""Reads given up that may still occupy a thread, for none can be stopped; then no new ones."""


class PartnersUnavailable(Exception):
    """The secret cannot be read and the last good value is too old: nobody may be let in."""


class PartnersFile:
    """Keeps the directory fresh.

    Args:
        path: the secret's file.
        clock: seconds, monotonic.
        read: returns the file's content; may block.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.monotonic,
        read: Callable[[Path], bytes] = Path.read_bytes,
    ) -> None:
        self._read = partial(read, path)
        self._clock = clock
        self._directory: Directory | None = None
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._give_up_at = float("-inf")
        self._reading: set[asyncio.Future[bytes]] = set()
        self._latest: asyncio.Future[bytes] | None = None

    async def current(self) -> Directory:
        """Return the directory; reads the secret again in the background when it is due.

        Raises:
            PartnersUnavailable: no value of the last 10 minutes is known.
        """
        now = self._clock()
        too_old = now - self._read_at > KEEP_SECONDS
        if now - self._tried_at > (RETRY_SECONDS if too_old else REFRESH_SECONDS):
            self._tried_at = now
            self._try(now)
        if too_old and self._latest is not None:
            # All who wait share one read and its time; whoever comes later is answered at once.
            await asyncio.wait([self._latest], timeout=max(self._give_up_at - now, 0.0))
        if self._directory is None or self._clock() - self._read_at > KEEP_SECONDS:
            raise PartnersUnavailable
        return self._directory

    def _try(self, now: float) -> None:
        if self._latest in self._reading:
            if now < self._give_up_at:
                return
            log("ERROR", "partners secret not read", reason="TimeoutError")
        if len(self._reading) > HANGING_READS:
            return
        self._give_up_at = now + READ_SECONDS
        self._latest = _in_thread(self._read)
        self._reading.add(self._latest)
        self._latest.add_done_callback(partial(self._take, started=now))

    def _take(self, reading: asyncio.Future[bytes], started: float) -> None:
        self._reading.discard(reading)
        try:
            directory = Directory.from_json(reading.result())
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody comes in by it
            log("ERROR", "partners secret not read", reason=type(error).__name__)
            return
        # A read that hung ends late: what was read after it is newer.
        if started > self._read_at:
            self._directory, self._read_at = directory, started


def _in_thread(read: Callable[[], bytes]) -> asyncio.Future[bytes]:
    """Read in a thread that holds up neither the loop's own threads nor the process's end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[bytes] = loop.create_future()

    def run() -> None:
        try:
            settle = partial(future.set_result, read())
        except Exception as error:  # noqa: BLE001 - it is the reader's to judge
            settle = partial(future.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle)

    threading.Thread(target=run, name="partners", daemon=True).start()
    return future
