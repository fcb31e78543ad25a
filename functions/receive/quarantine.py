"""Quarantines authenticated bodies and events that were refused, so that they can be replayed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from functions.acceptance.body import ReceivedEvent
from functions.acceptance.placement import Placement
from functions.acceptance.sender import Sender
from functions.retained.bodies import join
from functions.retained.quarantine import Quarantine


@dataclass(frozen=True, slots=True)
class QuarantinedRequests:
    """Quarantines the bodies of requests, and single events from them.

    Args:
        quarantine: writes the objects.
        count: called with the number of quarantined events; a body that cannot be split counts as
            one.
    """

    quarantine: Quarantine
    count: Callable[[int], None]

    async def keep_all(
        self,
        refused: Mapping[int, Placement],
        events: Sequence[ReceivedEvent],
        sender: Sender,
        received_at: str,
    ) -> None:
        """Quarantine events of a request; events with the same reason and project share an object.

        Args:
            refused: the decision about each refused event, by the event's position in the request.
            events: all events of the request.
            sender: the sender of the request.
            received_at: the UTC time at which the request was received, ISO 8601.

        Raises:
            BucketUnavailable: the bucket did not take all of the objects.
        """
        alike: dict[tuple[str, str | None], list[int]] = {}
        for position, placement in refused.items():
            alike.setdefault((placement.reason, events[position].project), []).append(position)
        writes = []
        for (reason, _), positions in alike.items():
            body = join([events[position].data for position in positions])
            writes.append(self.keep(reason, sender, body, received_at, positions))
        # Wait for all writes, even if one fails: no code may run after the response.
        for failure in await asyncio.gather(*writes, return_exceptions=True):
            if failure is not None:
                raise failure

    async def keep(
        self,
        reason: str,
        sender: Sender,
        body: bytes,
        received_at: str,
        positions: Sequence[int] = (),
    ) -> None:
        """Quarantine one body.

        Args:
            reason: the reason code of the refusal.
            sender: the sender of the request.
            body: the whole body of the request, or a body with some of the events.
            received_at: the UTC time at which the request was received, ISO 8601.
            positions: the positions that these events have in the request; empty for the whole
                body.

        Raises:
            BucketUnavailable: the bucket did not take the object.
        """
        await self.quarantine.keep(
            reason=reason,
            partner=sender.partner,
            kind=sender.kind,
            data=body,
            received_at=received_at,
            sender_id=sender.id,
            positions=positions,
        )
        self.count(max(len(positions), 1))
