"""Decodes spilled and quarantined objects to Pub/Sub messages.

Events that `receive` accepted keep their attributes, including their ingest ids. Bodies that
`receive` refused are checked again, with the partners, limits and code of today.
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
from functions.operate.replay import Decoded, NotReplayable
from functions.retained import quarantine, spill
from functions.retained.bodies import split
from functions.retained.quarantine import Quarantined


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes objects to messages.

    Args:
        directory: returns the current partners; may raise PartnersUnavailable.
        cell: the name of this cell.
        max_event_bytes: the maximum size of one event in bytes.
    """

    directory: Callable[[], Awaitable[Directory]]
    cell: str
    max_event_bytes: int

    async def decode(self, stored: Stored, content: bytes) -> Decoded:
        """Decode an object's content to messages.

        Raises:
            NotReplayable: the content is malformed, or all of its events are still refused.
            PartnersUnavailable: the partners secret cannot be read.
        """
        if stored.name.startswith(spill.PREFIX):
            return Decoded(_spilled(content))
        try:
            record, body = quarantine.decode(content)
            if record.attributes is not None:  # `receive` had accepted the event
                return Decoded([message_again(body, record.attributes)])
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
        return self._accept(record, body, Sender(record.partner, partner, kind, record.sender_id))

    def _accept(self, record: Quarantined, body: bytes, sender: Sender) -> Decoded:
        """Return the messages of those events of a quarantined body that are accepted now.

        A body may have events of many projects. The operator may have corrected the cause of the
        refusal for some projects only. The events of these projects do not wait for the others.

        Raises:
            NotReplayable: the body is not JSON, or all of its events are still refused.
        """
        try:
            events = split(record, body)
        except NotJson:
            raise NotReplayable("not_json") from None
        messages: list[Message] = []
        refused = ""
        for position, own_id, event in events:
            placement = place(event, sender.record, self.cell, self.max_event_bytes)
            if placement.status != HTTPStatus.OK:
                refused = refused or placement.reason
                continue
            messages.append(
                message_of(event, placement.project, sender, own_id, position, record.received_at)
            )
        if not messages:
            raise NotReplayable(refused)
        return Decoded(messages, refused)


def _spilled(content: bytes) -> list[Message]:
    try:
        return [message_again(event.data, event.attributes) for event in spill.decode(content)]
    except ValueError:
        raise NotReplayable("malformed") from None
