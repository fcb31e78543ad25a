"""Decides who may send events: every partner in the partners secret, except closed partners."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Generic, NamedTuple, Protocol, TypeVar

from functions.acceptance.partners import Directory, Partner, Unclear
from functions.secrets.closed_partners import ClosedList

NEW_TOKEN_SECONDS = 10.0
"""An unknown token may be new, so `Admission.find` reads the secrets again for it, unless the last
read began less than this many seconds ago."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class FreshSecret(Protocol[T_co]):
    """A secret whose value is read again when it is old."""

    @property
    def fresh_until(self) -> float:
        """The time, in monotonic seconds, up to which `current` starts no new read.

        A call of `current` with a short `within` may start a read before this time.
        """

    @property
    def is_certain(self) -> bool:
        """Whether the last attempt to read the secret succeeded.

        If not, `current` returns an older value, which may be out of date.
        """

    async def current(self, within: float = ...) -> T_co:
        """Return the secret's value; first read the secret if the last read is too old.

        Between two reads, all calls return the same object.

        Args:
            within: the maximum seconds since the last read began. The secret also has a limit of
                its own; the shorter one counts.

        Raises:
            SecretUnavailable: the secret cannot be read, and its last good value is too old.
        """


class _Now(NamedTuple, Generic[T_co]):
    value: T_co
    fresh_until: float
    is_certain: bool


class Admission:
    """Finds the partner that a token belongs to; closed partners are not found.

    The partners secret and the closed list are combined when they are read, so that each request
    needs only one look-up.

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
        """Return the directory of admitted partners without waiting; None if a new read is due.

        If this returns None, the caller must await `current`.
        """
        return self._at_hand if self._clock() <= self._fresh_until else None

    def find_at_hand(self, token: str) -> tuple[str, Partner] | None:
        """Return what `find` returns, if that is known without waiting; otherwise None.

        If this returns None, the caller must await `find`. Most tokens are known, and a call is
        faster than a coroutine.
        """
        directory = self.at_hand()
        try:
            return None if directory is None else directory.find(token)
        except Unclear:
            return None

    async def find(self, token: str) -> tuple[str, Partner] | None:
        """Return the name and record of the partner with this token; None if no partner has it.

        If the token is unknown, or the partner's record has an error, `find` reads the secrets
        again, because they may have changed. It does not do so if the last read began less than
        `NEW_TOKEN_SECONDS` ago. So a new token works at once, but wrong tokens cannot cause many
        reads.

        Raises:
            SecretUnavailable: a secret cannot be read, and its last good value is too old.
            Unclear: the partner's record has an error, or two partners have the token, or the token
                is unknown and the secrets could not be read completely.
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
        """Return the directory of admitted partners; first read the secrets if they are old.

        If a read fails, the directory is made from the last good value. The method `find` of this
        directory raises Unclear for an unknown token, because the token may be new.

        Args:
            within: the secrets are read again if their last reads began more than this many seconds
                ago.

        Raises:
            SecretUnavailable: a secret cannot be read, and its last good value is too old.
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
    # Read both properties at once: they may change while `current` awaits the other secret.
    value = await secret.current(within)
    return _Now(value, secret.fresh_until, secret.is_certain)
