"""Who is let in: the partners of the secret, less those who have left."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from typing import Generic, NamedTuple, Protocol, TypeVar

from functions.acceptance.partners import Directory, Partner, Unclear
from functions.secrets.closed_partners import ClosedList

NEW_TOKEN_SECONDS = 10.0
"""An unknown token may be a new one: the secrets are read again, at most once in this time."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class FreshSecret(Protocol[T_co]):
    """A secret that is kept fresh, as `functions.secrets.file.SecretFile`."""

    @property
    def fresh_until(self) -> float:
        """Until when `current` returns just what it returned last; seconds, monotonic."""

    @property
    def is_certain(self) -> bool:
        """Whether that was read last; else it is the last good value, and may be outdated."""

    async def current(self, within: float = ...) -> T_co:
        """Return it, the same object until it changes; or raise SecretUnavailable.

        Args:
            within: how old the read may be at most, in seconds.
        """


class _Now(NamedTuple, Generic[T_co]):
    """A secret's value, with what is known of it at the same moment."""

    value: T_co
    fresh_until: float
    is_certain: bool


class Admission:
    """Puts both secrets together when one of them changes, so that a request asks once.

    Args:
        partners: who has tokens.
        closed: who has left.
        clock: seconds, monotonic; both go by it, too.
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
        """Return the directory of those who are let in; None where `current` has to be awaited."""
        return self._at_hand if self._clock() <= self._fresh_until else None

    async def find(self, token: str) -> tuple[str, Partner] | None:
        """Return name and record of the partner with this token, None where no partner has it.

        A token that is not found waits for a read of the secrets before it is refused, unless the
        last read began less than `NEW_TOKEN_SECONDS` ago. So a new token works at once, and no
        number of wrong tokens makes an instance read more often than that. Requests with a known
        token do not wait for such a read.

        Raises:
            SecretUnavailable: one of the secrets cannot be read.
            Unclear: it cannot be told whose token it is, or its partner's record has an error.
        """
        directory = self.at_hand() or await self.current()
        with contextlib.suppress(Unclear):
            if partner := directory.find(token):
                return partner
        return (await self.current(NEW_TOKEN_SECONDS)).find(token)

    async def current(self, within: float = math.inf) -> Directory:
        """Return the directory of those who are let in.

        Where it rests on a last good value, because a secret cannot be read, it raises Unclear for
        an unknown token instead of saying that nobody has it.

        Args:
            within: how old the reads of the secrets may be at most, in seconds.

        Raises:
            SecretUnavailable: one of the secrets cannot be read; nobody may be let in.
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
    # Of one moment: others may ask for it while the other secret is awaited.
    value = await secret.current(within)
    return _Now(value, secret.fresh_until, secret.is_certain)
