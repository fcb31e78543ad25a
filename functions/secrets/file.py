"""Reads a secret from a mounted file and keeps the value fresh; fails closed.

The first request after the refresh time reads the file again, and requests wait for that read.
Reading in the background would not work: between requests, an instance has almost no processor
time, so the first request after a quiet period would use an old value.
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
"""A change of the secret takes effect within this time, in seconds."""

KEEP_SECONDS = 600.0
"""How long the last good value may be used while the secret cannot be read, in seconds."""

RETRY_SECONDS = 1.0
"""The interval in seconds between reads while there is no value that may be used."""

READ_SECONDS = 5.0
"""The time limit of one read in seconds; the mounted volume fetches the secret at every read."""

HANGING_READS = 4
"""No new read starts while more than this number of reads still run after their time limit. Reads
cannot be stopped, because each runs in a thread."""


class SecretUnavailable(Exception):
    """The secret cannot be read, and the last good value is too old."""


class SecretFile(Generic[T]):
    """Keeps a secret's value fresh.

    Args:
        name: the secret's name, for log lines.
        path: the secret's file.
        parse: converts the file's content to the value. An exception means that the read failed.
        unavailable: the exception type to raise when no value may be used.
        clock: returns monotonic seconds.
        read: returns the file's content; may block.
        refresh_seconds: the age in seconds after which the file is read again.
        keep_seconds: the age in seconds up to which the last good value may be used.
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
        """The moment, as a time of the clock, up to which `current` returns the same value."""
        return self._fresh_until

    @property
    def is_certain(self) -> bool:
        """Whether the value that `current` returned last comes from the latest read.

        If not, the secret cannot be read at present, and the value may be out of date.
        """
        return self._read_at >= self._tried_at

    async def current(self, within: float = math.inf) -> T:
        """Return the value. Until the next read, each call returns the same object.

        After the refresh time, this waits up to `READ_SECONDS` for a read, which all waiting
        callers share. If the read fails, this returns the last good value. Until the next read is
        due, further calls return that value without waiting.

        Args:
            within: the maximum age of the last read in seconds; it shortens the refresh time.

        Raises:
            SecretUnavailable: no value is young enough; the exception has the type `unavailable`.
        """
        now = self._clock()
        too_old = now - self._read_at > self._keep
        if now - self._tried_at > (RETRY_SECONDS if too_old else min(self._refresh, within)):
            self._try(now)
        if self._latest is not None and self._latest in self._reading:
            # If the time limit of the read has passed, the caller does not wait.
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
        except Exception as error:  # noqa: BLE001 - any error means that the read has failed
            log("ERROR", "secret not read", secret=self._name, reason=type(error).__name__)
        else:
            # A read that hung may end after a later read, whose value is newer.
            if started > self._read_at:
                self._value, self._read_at = value, started
        if self._latest not in self._reading:
            self._fresh_until = min(self._tried_at + self._refresh, self._read_at + self._keep)


def _in_thread(read: Callable[[], bytes]) -> asyncio.Future[bytes]:
    """Read in a thread that blocks neither the event loop's thread pool nor the process's exit."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[bytes] = loop.create_future()

    def run() -> None:
        try:
            settle = partial(future.set_result, read())
        except Exception as error:  # noqa: BLE001 - the caller handles the error
            settle = partial(future.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle)

    threading.Thread(target=run, name="secret", daemon=True).start()
    return future
