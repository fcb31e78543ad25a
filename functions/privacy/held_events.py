"""Events of a partner who has left that a legal hold keeps: they go to quarantine.

Spilled events and dead letters are lost at a replay, for load drops what is a closed partner's.
Quarantine is not replayed by itself. What is kept there goes like everything in quarantine: a hold
keeps from deletion, it does not lengthen the time for which something is stored.
"""

from collections.abc import Awaitable, Mapping
from typing import Protocol

from functions.quarantine import UNKNOWN

REASON = "legal_hold"


class Quarantine(Protocol):
    """Keeps bodies, as `functions.quarantine.Quarantine`."""

    def keep(
        self,
        *,
        reason: str,
        partner: str,
        kind: str,
        data: bytes,
        received_at: str,
        attributes: Mapping[str, str],
    ) -> Awaitable[None]:
        """Keep one; raises BucketUnavailable."""


class HeldEvents:
    """Sets events aside.

    Args:
        quarantine: takes them.
    """

    def __init__(self, quarantine: Quarantine) -> None:
        self._quarantine = quarantine

    async def __call__(self, partner: str, data: bytes, attributes: Mapping[str, str]) -> None:
        """Set an event aside; the same one again is the same object.

        Args:
            partner: whose it is.
            data: the sender's own bytes.
            attributes: of its message.

        Raises:
            BucketUnavailable: it is not known to be kept.
        """
        await self._quarantine.keep(
            reason=REASON,
            partner=partner,
            kind=attributes.get("kind", UNKNOWN),
            data=data,
            received_at=attributes.get("received_at", ""),
            attributes=attributes,
        )
