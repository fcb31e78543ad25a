"""The words of the simulation: people, events on their way, and what is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from functions.events.attributes import Attributes, format_time
from functions.events.message import Message

START = datetime(2026, 10, 5, tzinfo=UTC)
"""A Monday."""

DAYS = 60
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

PROJECTS = {"dev": "acme", "shop": "acme", "other": "rival"}
"""The partner of each project."""

Way = Literal["topic", "spill", "quarantine", "dead_letters"]


@dataclass(frozen=True)
class Person:
    """Somebody who uses the chat.

    Attributes:
        number: from 0.
        project: whose user.
        ids: all that the person is known by there.
        nickname: shown in the chat.
    """

    number: int
    project: str
    ids: tuple[str, ...]
    nickname: str

    @property
    def partner(self) -> str:
        return PROJECTS[self.project]


@dataclass(frozen=True)
class Arrival:
    """One way on which an event comes to load.

    Attributes:
        at: when it is there; of a waiting place, when it is put into it.
        way: directly by the topic, or by a place that waits for a replay.
    """

    at: datetime
    way: Way = "topic"


@dataclass(frozen=True)
class Event:
    """One event as it was received.

    Attributes:
        ingest_id: its id.
        project: whose it is.
        event: its name.
        received_at: when it was received.
        user_id: which of the person's ids it names; empty for a room's.
        data: the sender's bytes.
        arrivals: how it comes to load, once or more often.
        speakers: ids of who speaks in the room, of a room's event.
    """

    ingest_id: str
    project: str
    event: str
    received_at: datetime
    user_id: str
    data: bytes
    arrivals: tuple[Arrival, ...]
    speakers: tuple[str, ...] = ()

    @property
    def attributes(self) -> Attributes:
        return Attributes(
            ingest_id=self.ingest_id,
            received_at=format_time(self.received_at),
            kind="chat" if self.user_id else "room",
            partner=PROJECTS[self.project],
            project=self.project,
            event=self.event,
        )

    @property
    def message(self) -> Message:
        return Message(self.data, self.attributes)


@dataclass(frozen=True)
class Request:
    """An erasure that is asked for, or a person's deletion in the chat.

    Attributes:
        number: from 0.
        people: whom it is about; one for the chat.
        at: when.
        source: ``api`` or ``stream``.
        mode: ``grace`` or ``immediate``.
        rows: ``anonymise`` or ``delete``.
        restored_at: when it is taken back; None for never.
        user_id: the id that the chat knows the person by; empty for the interface.
    """

    number: int
    people: tuple[Person, ...]
    at: datetime
    source: str
    mode: str
    rows: str
    restored_at: datetime | None = None
    user_id: str = ""

    def ids(self) -> Iterator[tuple[str, str]]:
        """The project and id of everybody whom it covers."""
        for person in self.people:
            for one in [self.user_id] if self.user_id else person.ids:
                yield person.project, one


@dataclass(frozen=True)
class Hold:
    """A legal hold of one person.

    Attributes:
        person: whom it names.
        at: when it is filed.
        until: when it is over by itself.
        released_at: when it is released before that; None for never.
    """

    person: Person
    at: datetime
    until: datetime
    released_at: datetime | None = None

    @property
    def over_at(self) -> datetime:
        return self.released_at or self.until


@dataclass(frozen=True)
class Script:
    """Everything that happens.

    Attributes:
        people: everybody.
        requests: the erasures.
        events: all events, in the order of their receipt.
        holds: the legal holds.
        leaves_at: when the partner of the project ``other`` is offboarded.
    """

    people: tuple[Person, ...]
    requests: tuple[Request, ...]
    events: tuple[Event, ...]
    holds: tuple[Hold, ...]
    leaves_at: datetime
