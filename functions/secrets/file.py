"""Reads a secret from a mounted file, and reads it again when the value is old.

If the secret cannot be read, the last good value is used for a limited time. After that time,
requests are refused.

A request starts the new read, and waits for it. A read in the background would not work: between
requests, an instance has almost no processor time, and the first request after a quiet period would
get an old value.
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
"""The age in seconds at which a value is read again. A change of the secret takes effect within
this time."""

KEEP_SECONDS = 600.0
"""The age in seconds up to which the last good value is used while the secret cannot be read."""

RETRY_SECONDS = 1.0
"""The seconds between attempts to read the secret while no value is young enough to be used."""

READ_SECONDS = 5.0
"""The time limit of one read in seconds. A read can be slow, because a mounted volume fetches the
secret at every read."""

HANGING_READS = 4
"""While more reads than this are still running, no new read starts. A read that hangs cannot be
stopped, because it runs in a thread."""


class SecretUnavailable(Exception):
    """A secret cannot be read, and its last good value is too old."""


class SecretFile(Generic[T]):
    """Reads a secret from a file, and reads it again when the value is old.

    Args:
        name: the secret's name, for log lines.
        path: the secret's file.
        parse: converts the file's content to the value. If this raises an exception, the read
            counts as failed.
        unavailable: the type of the exception to raise when no value may be used.
        clock: returns monotonic seconds.
        read: reads the file and returns its content; may block.
        refresh_seconds: the age in seconds at which the file is read again.
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
        """The time, in seconds of the clock, up to which `current` starts no new read.

        A call of `current` with a short `within` may start a read before this time.
        """
        return self._fresh_until

    @property
    def is_certain(self) -> bool:
        """Whether the last attempt to read the secret succeeded.

        If not, `current` returns an older value, which may be out of date.
        """
        return self._read_at >= self._tried_at

    async def current(self, within: float = math.inf) -> T:
        """Return the secret's value; first read the file again if the last read is too old.

        A caller waits up to `READ_SECONDS` for the read. Concurrent callers wait for the same read.
        If it fails, this returns the last good value. Between two reads, all calls return the same
        object.

        Args:
            within: the maximum seconds since the last read began, if this is less than the refresh
                time.

        Raises:
            SecretUnavailable: no value is young enough to be used; the exception's type is the
                argument `unavailable` of the class.
        """
        now = self._clock()
        too_old = now - self._read_at > self._keep
        if now - self._tried_at > (RETRY_SECONDS if too_old else min(self._refresh, within)):
            self._try(now)
        if self._latest is not None and self._latest in self._reading:
            # Wait at most until the time limit of the read, which counts from the read's start.
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
            # Take only a newer value: a read that hung may end after a read that started later.
            if started > self._read_at:
                self._value, self._read_at = value, started
        if self._latest not in self._reading:
            self._fresh_until = min(self._tried_at + self._refresh, self._read_at + self._keep)


def _in_thread(read: Callable[[], bytes]) -> asyncio.Future[bytes]:
    """Call `read` in a thread of its own, which does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[bytes] = loop.create_future()

    def run() -> None:
        try:
            settle = partial(future.set_result, read())
        except Exception as error:  # noqa: BLE001 - the caller handles the error
            settle = partial(future.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the event loop is closed
            loop.call_soon_threadsafe(settle)

    threading.Thread(target=run, name="secret", daemon=True).start()
    return future
