"""Quarantines bodies and events that came with a valid token but were refused."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from functions.acceptance import ingest_id
from functions.acceptance.body import ReceivedEvent
from functions.acceptance.placement import Placement
from functions.acceptance.sender import Sender
from functions.retained.bodies import join
from functions.retained.quarantine import Quarantine, id_of_body


@dataclass(frozen=True, slots=True)
class QuarantinedRequests:
    """Quarantines whole bodies of requests, and single events of requests.

    Args:
        quarantine: writes the objects.
        count: called with the number of quarantined events; a body that cannot be split into events
            counts as one.
    """

    quarantine: Quarantine
    count: Callable[[int], None]

    async def keep_all(
        self,
        refused: Mapping[int, Placement],
        events: Sequence[ReceivedEvent],
        ids: Sequence[str],
        sender: Sender,
        received_at: str,
    ) -> None:
        """Quarantine the refused events of a request.

        Events with the same reason code and the same project share one object.

        Args:
            refused: the decision about each refused event, by the event's position in the request.
            events: all events of the request.
            ids: the ingest id of each event, in the same order.
            sender: the sender of the request.
            received_at: the UTC time at which the request was received, ISO 8601.

        Raises:
            BucketUnavailable: at least one of the objects may not be stored.
        """
        alike: dict[tuple[str, str | None], list[int]] = {}
        for position, placement in refused.items():
            alike.setdefault((placement.reason, events[position].project), []).append(position)
        writes = []
        for (reason, _), positions in alike.items():
            data = [events[position].data for position in positions]
            body = join(data)
            own = [ids[position] for position in positions]
            if not sender.id:
                # The sender gave the request no id, so each retry has new `ids`. Ids that are made
                # from the body are the same in each retry. So retries share one object, and a
                # replay does not make new events of them.
                own = ingest_id.of_request(sender.partner, sender.kind, id_of_body(body), data)
            places = dict(zip(positions, own, strict=True))
            writes.append(self._keep(reason, sender, body, received_at, places))
        # Wait for all writes, even if one fails: no code may run after the response.
        for failure in await asyncio.gather(*writes, return_exceptions=True):
            if failure is not None:
                raise failure

    async def keep(self, reason: str, sender: Sender, body: bytes, received_at: str) -> None:
        """Quarantine the whole body of a request.

        Args:
            reason: the reason code of the refusal.
            sender: the sender of the request.
            body: the body's bytes, as received.
            received_at: the UTC time at which the request was received, ISO 8601.

        Raises:
            BucketUnavailable: the object may not be stored.
        """
        await self._keep(reason, sender, body, received_at, {})

    async def _keep(
        self,
        reason: str,
        sender: Sender,
        body: bytes,
        received_at: str,
        ingest_ids: Mapping[int, str],
    ) -> None:
        await self.quarantine.keep(
            reason=reason,
            partner=sender.partner,
            kind=sender.kind,
            data=body,
            received_at=received_at,
            sender_id="" if ingest_ids else sender.id,
            ingest_ids=ingest_ids,
        )
        self.count(max(len(ingest_ids), 1))
