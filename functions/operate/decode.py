"""Makes Pub/Sub messages of the objects in spill and quarantine.

What was accepted once keeps its attributes, and so its ingest id. What the receiver refused goes
through acceptance again, by the partners, limits and code of now.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from functions.acceptance.partners import Directory, RecordFaulty
from functions.acceptance.placement import place
from functions.acceptance.sender import Sender, message_of
from functions.acceptance.values import NotJson
from functions.events.attributes import parse_kind, parse_time
from functions.events.message import Message, message_again
from functions.google.storage import Stored
from functions.operate.replay import NotReplayable
from functions.retained import quarantine, spill
from functions.retained.bodies import split
from functions.retained.quarantine import Quarantined


@dataclass(frozen=True, slots=True)
class Decoder:
    """Makes messages of objects.

    Args:
        directory: returns the partners of now; what it raises goes to the caller.
        cell: this one.
        max_event_bytes: the most that one event may have.
    """

    directory: Callable[[], Awaitable[Directory]]
    cell: str
    max_event_bytes: int

    async def decode(self, stored: Stored, content: bytes) -> list[Message]:
        """Make messages of an object's content.

        Raises:
            NotReplayable: it is not of the form that its name says, or is still not acceptable.
            PartnersUnavailable: it is not known whose events are accepted.
        """
        if stored.name.startswith(spill.PREFIX):
            return _spilled(content)
        try:
            record, body = quarantine.decode(content)
            if record.attributes is not None:  # it was accepted, and could not be loaded
                return [message_again(body, record.attributes)]
            kind = parse_kind(record.kind)
            parse_time(record.received_at)
        except ValueError:
            raise NotReplayable("malformed") from None
        directory = await self.directory()
        try:
            partner = directory.named(record.partner)
        except RecordFaulty:
            raise NotReplayable("partner_faulty") from None
        if partner is None:
            raise NotReplayable("partner_unknown")
        own_id = quarantine.id_of_request(record, body)
        return self._accept(record, body, Sender(record.partner, partner, kind, own_id))

    def _accept(self, record: Quarantined, body: bytes, sender: Sender) -> list[Message]:
        """Accept all events of a body; as long as one is refused, the object has to stay."""
        try:
            events = split(record, body)
        except NotJson:
            raise NotReplayable("not_json") from None
        messages = []
        for position, event in events:
            placement = place(event, sender.record, self.cell, self.max_event_bytes)
            if placement.status != HTTPStatus.OK:
                raise NotReplayable(placement.reason)
            messages.append(
                message_of(event, placement.project, sender, position, record.received_at)
            )
        return messages


def _spilled(content: bytes) -> list[Message]:
    try:
        return [message_again(event.data, event.attributes) for event in spill.decode(content)]
    except ValueError:
        raise NotReplayable("malformed") from None
