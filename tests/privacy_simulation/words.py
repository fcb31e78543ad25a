"""The classes of a script: people, events with their arrivals, requests and holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from functions.events.attributes import Attributes, format_time
from functions.events.message import Message

START = datetime(2026, 10, 5, tzinfo=UTC)
"""The first day of the simulation, a Monday."""

DAYS = 60
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

PROJECTS = {"dev": "acme", "shop": "acme", "other": "rival"}
"""The partner of each project."""

Way = Literal["topic", "spill", "quarantine", "dead_letters"]


@dataclass(frozen=True)
class Person:
    """A person who uses the chat.

    Attributes:
        number: a number from 0 on.
        project: the project in which the person is a user.
        ids: all ids of the person in this project.
        nickname: the name that the chat shows.
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
    """One way on which an event comes to `load`.

    Attributes:
        at: when the event is published, or put into a place in which it waits for a replay.
        way: the topic, or the place in which the event waits for a replay.
    """

    at: datetime
    way: Way = "topic"


@dataclass(frozen=True)
class Event:
    """One event as it was received.

    Attributes:
        ingest_id: the ingest id.
        project: the project.
        event: the name of the event.
        received_at: when the event was received.
        user_id: the id of the person; empty for a room event.
        data: the sender's bytes.
        arrivals: the ways on which the event comes to `load`, one or more.
        speakers: the ids of the speakers in a room event.
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
    """A request for an erasure, or a person's deletion in the chat.

    Attributes:
        number: a number from 0 on.
        people: the people to erase; one for a deletion in the chat.
        at: when the request was made.
        source: ``api`` or ``stream``.
        mode: ``grace`` or ``immediate``.
        rows: ``anonymise`` or ``delete``.
        restored_at: when the request is taken back; None for never.
        user_id: the id in the message of the chat; empty for a request to the interface.
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
        """Yield the project and the id of everyone to whom the request applies."""
        for person in self.people:
            for one in [self.user_id] if self.user_id else person.ids:
                yield person.project, one


@dataclass(frozen=True)
class Hold:
    """A legal hold on one person.

    Attributes:
        person: the person.
        at: when the hold is filed.
        until: when the hold ends by itself.
        released_at: when the hold is released before that; None for never.
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
    """Everything that happens in a simulation.

    Attributes:
        people: all people.
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
