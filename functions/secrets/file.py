"""Keeps a secret that is mounted as a file fresh; fails closed.

It is read again at the first request after the refresh time, and the requests wait for that read.
A read in the background would not do: an instance that was quiet answers its first request with
whatever it knew when it last had one, and between requests its processor is all but stopped.
"""

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from functions.observe.log import log

T = TypeVar("T")

REFRESH_SECONDS = 60.0
"""A change of the secret is seen within this time."""

KEEP_SECONDS = 600.0
"""The longest time that the last good value is used while the secret cannot be read."""

RETRY_SECONDS = 1.0
"""How soon to try again where no value may be used any more."""

READ_SECONDS = 5.0
"""How long one read may take; the secret is a volume that fetches at every read."""

HANGING_READS = 4
"""Reads given up that may still occupy a thread, for none can be stopped; then no new ones."""


class SecretUnavailable(Exception):
    """The secret cannot be read, and the last good value is too old to be used."""


class SecretFile(Generic[T]):
    """Keeps a secret's value fresh.

    Args:
        name: of the secret, for the log.
        path: its file.
        parse: makes the value of the file's content; what it raises is not used as a value.
        unavailable: is raised where no value may be used.
        clock: seconds, monotonic.
        read: returns the file's content; may block.
        refresh_seconds: after this time the file is read again.
        keep_seconds: the longest time that the last good value is used.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        parse: Callable[[bytes], T],
        unavailable: type[SecretUnavailable],
        *,
        clock: Callable[[], float] = time.monotonic,
        read: Callable[[Path], bytes] = Path.read_bytes,
        refresh_seconds: float = REFRESH_SECONDS,
        keep_seconds: float = KEEP_SECONDS,
    ) -> None:
        self._name = name
        self._read = partial(read, path)
        self._parse = parse
        self._unavailable = unavailable
        self._clock = clock
        self._refresh = refresh_seconds
        self._keep = keep_seconds
        self._value: T | None = None
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._give_up_at = float("-inf")
        self._fresh_until = float("-inf")
        self._reading: set[asyncio.Future[bytes]] = set()
        self._latest: asyncio.Future[bytes] | None = None

    @property
    def fresh_until(self) -> float:
        """Until when, on the clock, `current` returns just what it returned last."""
        return self._fresh_until

    @property
    def is_certain(self) -> bool:
        """Whether the last read gave the value that `current` returned last.

        If not, it is the last good one, as the secret cannot be read: something may be missing.
        """
        return self._read_at >= self._tried_at

    async def current(self, within: float = math.inf) -> T:
        """Return the value, the same object until it is read anew.

        Past the refresh time it waits for the read: `READ_SECONDS` at most, and all who wait share
        one. Where that fails the last good value is returned, without a wait until the next read
        is due.

        Args:
            within: seconds; a read that began earlier than that is too old, although the refresh
                time has not passed.

        Raises:
            SecretUnavailable: of the kind given; no value is known that is young enough.
        """
        now = self._clock()
        too_old = now - self._read_at > self._keep
        if now - self._tried_at > (RETRY_SECONDS if too_old else min(self._refresh, within)):
            self._try(now)
        if self._latest is not None and self._latest in self._reading:
            # Whoever comes after the read's time is answered at once.
            await asyncio.wait([self._latest], timeout=max(self._give_up_at - now, 0.0))
        if self._value is None or self._clock() - self._read_at > self._keep:
            raise self._unavailable
        return self._value

    def _try(self, now: float) -> None:
        if self._latest in self._reading:
            if now < self._give_up_at:
                return
            log("ERROR", "secret not read", secret=self._name, reason="TimeoutError")
        self._tried_at = now
        if len(self._reading) > HANGING_READS:
            return
        self._give_up_at = now + READ_SECONDS
        self._latest = _in_thread(self._read)
        self._reading.add(self._latest)
        self._latest.add_done_callback(partial(self._take, started=now))

    def _take(self, reading: asyncio.Future[bytes], started: float) -> None:
        self._reading.discard(reading)
        try:
            value = self._parse(reading.result())
        except Exception as error:  # noqa: BLE001 - whatever it is, no value comes of it
            log("ERROR", "secret not read", secret=self._name, reason=type(error).__name__)
        else:
            # A read that hung ends late: what was read after it is newer.
            if started > self._read_at:
                self._value, self._read_at = value, started
        if self._latest not in self._reading:
            self._fresh_until = min(self._tried_at + self._refresh, self._read_at + self._keep)


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

    threading.Thread(target=run, name="secret", daemon=True).start()
    return future
