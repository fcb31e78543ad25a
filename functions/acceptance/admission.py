"""Decides who may send: each partner in the partners secret that is not on the closed list."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Generic, NamedTuple, Protocol, TypeVar

from functions.acceptance.partners import Directory, Partner, Unclear
from functions.secrets.closed_partners import ClosedList

NEW_TOKEN_SECONDS = 10.0
"""An unknown token may be new, so it causes an extra read of the secrets, unless the last read
began less than this many seconds ago."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class FreshSecret(Protocol[T_co]):
    """A secret that is kept fresh, such as `functions.secrets.file.SecretFile`."""

    @property
    def fresh_until(self) -> float:
        """The monotonic time in seconds up to which `current` returns the same value."""

    @property
    def is_certain(self) -> bool:
        """Whether the value that `current` returned last comes from the latest read."""

    async def current(self, within: float = ...) -> T_co:
        """Return the value. Until the next read, each call returns the same object.

        Args:
            within: the maximum age of the last read, in seconds.

        Raises:
            SecretUnavailable: the secret cannot be read, and the last good value is too old.
        """


class _Now(NamedTuple, Generic[T_co]):
    """The value of a secret, and the state of the secret when the value was read."""

    value: T_co
    fresh_until: float
    is_certain: bool


class Admission:
    """Combines the partners secret and the closed list, so that each request needs one look-up.

    Args:
        partners: the partners secret.
        closed: the closed list.
        clock: returns monotonic seconds; both secrets must use the same clock.
    """

    def __init__(
        self,
        partners: FreshSecret[Directory],
        closed: FreshSecret[ClosedList],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._partners = partners
        self._closed = closed
        self._clock = clock
        self._made_of: tuple[Directory, ClosedList] | None = None
        self._admitted = Directory({})
        self._doubtful = self._admitted
        self._at_hand = self._admitted
        self._fresh_until = float("-inf")

    def at_hand(self) -> Directory | None:
        """Return the directory of admitted partners without waiting.

        Returns None if the secrets may have changed; the caller must then await `current`.
        """
        return self._at_hand if self._clock() <= self._fresh_until else None

    async def find(self, token: str) -> tuple[str, Partner] | None:
        """Return the name and record of the partner with this token; None if no partner has it.

        For an unknown token, this waits for a new read of the secrets, unless the last read began
        less than `NEW_TOKEN_SECONDS` ago. So a new token works at once, and wrong tokens cannot
        cause more frequent reads. Requests with a known token do not wait for such a read.

        Raises:
            SecretUnavailable: one of the secrets cannot be read, and the last good value is too
                old.
            Unclear: the partner's record has an error, or it is not certain which partner has the
                token: a secret has an error, or only an old value of a secret is known.
        """
        directory = self.at_hand() or await self.current()
        try:
            partner = directory.find(token)
        except Unclear:
            partner = None
        if partner is not None:
            return partner
        return (await self.current(NEW_TOKEN_SECONDS)).find(token)

    async def current(self, within: float = math.inf) -> Directory:
        """Return the directory of admitted partners.

        While a secret cannot be read, the directory is made from the last good value. The `find` of
        this directory raises Unclear for an unknown token, because the token may be new.

        Args:
            within: the maximum age of the last reads of the secrets, in seconds.

        Raises:
            SecretUnavailable: one of the secrets cannot be read, and the last good value is too
                old.
        """
        partners, closed = await asyncio.gather(
            _now(self._partners, within), _now(self._closed, within)
        )
        made_of = self._made_of
        if made_of is None or made_of[0] is not partners.value or made_of[1] is not closed.value:
            self._made_of = partners.value, closed.value
            self._admitted = partners.value.without(closed.value.partners, closed.value.unreadable)
            self._doubtful = self._admitted.doubtful()
        is_certain = partners.is_certain and closed.is_certain
        self._at_hand = self._admitted if is_certain else self._doubtful
        self._fresh_until = min(partners.fresh_until, closed.fresh_until)
        return self._at_hand


async def _now(secret: FreshSecret[T], within: float) -> _Now[T]:
    # Read the secret's state at once, because it may change while the other secret is awaited.
    value = await secret.current(within)
    return _Now(value, secret.fresh_until, secret.is_certain)
