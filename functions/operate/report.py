"""What a replay reports, whatever its source."""

from dataclasses import dataclass, field
from datetime import UTC

from functions.events.attributes import parse_time
from functions.events.message import Message


@dataclass(slots=True)
class Report:
    """What a replay did.

    Attributes:
        objects: replayed, and deleted.
        events: published from them.
        days: UTC days on which published events were received: those to settle and to refresh.
        remaining: objects that the time did not suffice for.
        quarantined: events of the spill that Pub/Sub refuses for what they are.
        failed: names of the objects that cannot be replayed as they are; they are kept.
        unavailable: which service ended the replay early by not answering; empty for none.
    """

    objects: int = 0
    events: int = 0
    days: set[str] = field(default_factory=set)
    remaining: int = 0
    quarantined: int = 0
    failed: list[str] = field(default_factory=list)
    unavailable: str = ""


def day_of(message: Message) -> str:
    """Return the UTC day on which an event was received, as ISO 8601."""
    return parse_time(message.attributes.received_at).astimezone(UTC).date().isoformat()
