"""The webhooks that the simulator makes, and the plan that says how many."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from functions.events.attributes import Kind


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook as the sender makes it.

    Attributes:
        at: when it happens, UTC.
        kind: the kind of its event, which decides to which of the two URLs it is sent.
        ingest_id: the event's ingest id, if the event is published to the topic; `receive` gives
            the others an id.
        body: the JSON object.
    """

    at: datetime
    kind: Kind
    ingest_id: str
    body: dict[str, object]

    @property
    def event(self) -> str:
        """The event's name."""
        return str(self.body["event"])

    @property
    def value(self) -> dict[str, object]:
        """The event's properties."""
        return cast("dict[str, object]", self.body["value"])


@dataclass(frozen=True, slots=True)
class Plan:
    """How much traffic to make.

    Attributes:
        events: how many webhooks in all.
        users: how many people, over all projects.
        days: over how many days, including the day of `until`.
        seed: the seed of all random choices.
        until: when the traffic ends, UTC.
        projects: the projects that people belong to.
    """

    events: int
    users: int
    days: int
    seed: int
    until: datetime
    projects: tuple[str, ...]
