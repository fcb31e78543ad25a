"""Quarantines what was authenticated but is not acceptable, for a replay."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from functions.acceptance.body import ReceivedEvent
from functions.acceptance.placement import Placement
from functions.acceptance.sender import Sender
from functions.retained.bodies import join
from functions.retained.quarantine import Quarantine


class QuarantinedRequests:
    """Quarantines bodies and events of requests.

    Args:
        quarantine: takes them.
        count: told how many were taken: events, or one body of which no event could be told.
    """

    def __init__(self, quarantine: Quarantine, count: Callable[[int], None]) -> None:
        self._quarantine = quarantine
        self._count = count

    async def keep_all(
        self,
        refused: Mapping[int, Placement],
        events: Sequence[ReceivedEvent],
        sender: Sender,
        received_at: str,
    ) -> None:
        """Keep events of a request; one object has those that one repair makes acceptable.

        Args:
            refused: why each of them is refused, by its position.
            events: of the request.
            sender: of the request.
            received_at: the request's, UTC.

        Raises:
            BucketUnavailable: the bucket did not take all of them.
        """
        alike: dict[tuple[str, str | None], list[int]] = {}
        for position, placement in refused.items():
            alike.setdefault((placement.reason, events[position].project), []).append(position)
        writes = []
        for (reason, _), positions in alike.items():
            body = join([events[position].data for position in positions])
            writes.append(self.keep(reason, sender, body, received_at, positions))
        # All are waited for, whatever becomes of one: nothing may run after the answer.
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
        """Keep one body.

        Args:
            reason: why it is refused.
            sender: of the request.
            body: the request's, or that of some of its events.
            received_at: the request's, UTC.
            positions: of those events in the request; none where it is the whole request.

        Raises:
            BucketUnavailable: the bucket did not take it.
        """
        await self._quarantine.keep(
            reason=reason,
            partner=sender.partner,
            kind=sender.kind,
            data=body,
            received_at=received_at,
            sender_id=sender.id,
            positions=positions,
        )
        self._count(max(len(positions), 1))
