"""Quarantines bodies and events that came with a valid token but were refused.

Each partner has a quota (`functions.receive.quota`), because each object costs money, and each
erasure has to search it.
"""

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from functions.acceptance import ingest_id
from functions.acceptance.body import ReceivedEvent
from functions.acceptance.placement import Placement
from functions.acceptance.sender import Sender
from functions.receive.quota import Quota
from functions.retained.bodies import join
from functions.retained.quarantine import Quarantine, Quarantined, id_of_body, to_object
from functions.web.aside import ASIDE_BYTES, Aside
from functions.web.intake import Shares

AT_A_TIME = 8
"""The maximum number of objects that are written at the same time. They have connections of their
own, so spill never waits for them."""

WRITES_WAITING = 4 * AT_A_TIME
"""The maximum number of objects that are being written or wait to be written."""


_Objects = Sequence[tuple[str, bytes]]
"""The names and contents of objects to write."""


@dataclass(frozen=True, slots=True)
class QuarantinedRequests:
    """Quarantines whole bodies of requests, and single events of requests.

    Args:
        quarantine: writes the objects.
        quota: limits what a partner can have stored.
        aside: makes large objects, because that takes long.
        count: called with the number of quarantined events; a body that cannot be split into events
            counts as one.
        writing: limits the objects that are being written. Partners share this number in the same
            way as the memory for bodies (`functions.web.intake`).
    """

    quarantine: Quarantine
    quota: Quota
    aside: Aside
    count: Callable[[int], None]
    writing: Shares = field(default_factory=lambda: Shares(WRITES_WAITING))

    async def keep_all(
        self,
        refused: Mapping[int, Placement],
        events: Sequence[ReceivedEvent],
        ids: Sequence[str],
        sender: Sender,
        received_at: str,
    ) -> None:
        """Quarantine the refused events of a request.

        Events with the same reason code share one object. So a request needs only a few writes,
        even if each of its events names another project.

        Args:
            refused: the decision about each refused event, by the event's position in the request.
            events: all events of the request.
            ids: the ingest id of each event, in the same order.
            sender: the sender of the request.
            received_at: the UTC time at which the request was received, ISO 8601.

        Raises:
            QuarantineFull: the partner's quota is used up, so none of the events is quarantined.
            QueueFull: too many objects are being written, in total or for this partner.
            BucketUnavailable: at least one of the objects may not be stored.
        """
        make = partial(_objects, refused, events, ids, sender, received_at)
        size = sum(len(events[position].data) for position in refused)
        await self._write(await self._made(make, size, sender.partner), sender.partner)
        self.count(len(refused))

    async def keep(self, reason: str, sender: Sender, body: bytes, received_at: str) -> None:
        """Quarantine the whole body of a request.

        Args:
            reason: the reason code of the refusal.
            sender: the sender of the request.
            body: the body's bytes, as received.
            received_at: the UTC time at which the request was received, ISO 8601.

        Raises:
            QuarantineFull: the partner's quota is used up, so the body is not quarantined.
            QueueFull: too many objects are being written, in total or for this partner.
            BucketUnavailable: the object may not be stored.
        """
        make = partial(_one_object, reason, sender, body, received_at)
        await self._write(await self._made(make, len(body), sender.partner), sender.partner)
        self.count(1)

    async def _made(self, make: Callable[[], _Objects], size: int, partner: str) -> _Objects:
        return make() if size <= ASIDE_BYTES else await self.aside.run(partner, make)

    async def _write(self, objects: _Objects, partner: str) -> None:
        self.quota.take(partner, objects)
        self.writing.take(len(objects), partner)
        try:
            writes = (self.quarantine.write(*one) for one in objects)
            # Wait for all writes, even if one fails: no code may run after the response.
            outcomes = await asyncio.gather(*writes, return_exceptions=True)
        finally:
            self.writing.give(len(objects), partner)
        for failure in outcomes:
            if failure is not None:
                raise failure


def _objects(
    refused: Mapping[int, Placement],
    events: Sequence[ReceivedEvent],
    ids: Sequence[str],
    sender: Sender,
    received_at: str,
) -> _Objects:
    """Return an object for each reason code of the refused events."""
    alike: dict[str, list[int]] = {}
    for position, placement in refused.items():
        alike.setdefault(placement.reason, []).append(position)
    objects = []
    for reason, positions in alike.items():
        data = [events[position].data for position in positions]
        body = join(data, reason)
        own = [ids[position] for position in positions]
        if not sender.id:
            # The sender gave the request no id, so each retry has new `ids`. Ids that are made
            # from the body are the same in each retry. So retries share one object, and a replay
            # does not make new events of them.
            own = ingest_id.of_request(sender.partner, sender.kind, id_of_body(body), data)
        places = dict(zip(positions, own, strict=True))
        objects.append(_object(reason, sender, body, received_at, places))
    return objects


def _one_object(reason: str, sender: Sender, body: bytes, received_at: str) -> _Objects:
    return [_object(reason, sender, body, received_at, {})]


def _object(
    reason: str,
    sender: Sender,
    body: bytes,
    received_at: str,
    ingest_ids: Mapping[int, str],
) -> tuple[str, bytes]:
    """Return the name and content of the object to write."""
    record = Quarantined(
        reason=reason,
        partner=sender.partner,
        kind=sender.kind,
        received_at=received_at,
        body=base64.b64encode(body).decode(),
        sender_id="" if ingest_ids else sender.id,
        ingest_ids=dict(ingest_ids),
    )
    return to_object(record, body)
