"""Good events, and events that cannot be stored (poison), as the receiver would publish them."""

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from functions.events.attributes import Attributes, format_time
from functions.events.catalogue import load_catalogue
from local.cell import PARTNER, PARTNER_PROJECTS
from local.traffic import make_traffic
from local.webhook import Plan

POISON = ("not_json", "row_too_large", "time_out_of_range", "too_deep")
TOO_LARGE = 110_000
"""The length of a text that makes a row larger than the rig's `MAX_ROW_BYTES`."""

DEEP = 20_000
"""A nesting depth that no version of Python can parse."""


class Event(NamedTuple):
    """One message, and the reason why it cannot be stored; None for a good event."""

    data: bytes
    attributes: dict[str, str]
    reason: str | None = None

    @property
    def ingest_id(self) -> str:
        return self.attributes["ingest_id"]


def simulated(burst: str, count: int) -> list[Event]:
    """Return simulated traffic of the last days; its ingest ids begin with the burst's name."""
    projects = tuple(name for name, cell in PARTNER_PROJECTS.items() if cell == "eu")
    plan = Plan(count, 500, 3, 4, datetime.now(UTC), projects)
    return [
        Event(
            json.dumps(webhook.body).encode(),
            Attributes(
                ingest_id=f"{burst}-{number}",
                received_at=format_time(webhook.at),
                kind=webhook.kind,
                partner=PARTNER,
                project=str(webhook.value["project"]),
                event=webhook.event,
            ).to_mapping(),
        )
        for number, webhook in enumerate(make_traffic(plan, load_catalogue()))
    ]


def with_poison(events: list[Event]) -> list[Event]:
    """Replace events by poison: one in a hundred for each kind of poison."""
    return [
        _poison(event, POISON[number % 100]) if number % 100 < len(POISON) else event
        for number, event in enumerate(events)
    ]


def _poison(event: Event, reason: str) -> Event:
    # All events of a kind have the same bytes. Each of them must be kept nevertheless.
    bodies = {
        "not_json": b'{"event": "emoji_sent", "value": {"brand_new": {"a": [1, }}}',
        "row_too_large": json.dumps(
            {"event": "message_sent", "value": {"event_id": "a" * TOO_LARGE}}
        ).encode(),
        "time_out_of_range": b'{"event": "emoji_sent", "value": {"emoji": 1}}',
        "too_deep": b'{"event": "emoji_sent", "value": {"new": %b%b}}' % (b"[" * DEEP, b"]" * DEEP),
    }
    attributes = event.attributes
    if reason == "time_out_of_range":
        attributes = attributes | {"received_at": "2001-09-09T01:46:40.000000Z"}
    return Event(bodies[reason], attributes, reason)


def deliveries(burst: str, ages: list[timedelta]) -> list[Event]:
    """Return one event once for each age, as if it had been received at several times."""
    [event] = simulated(burst, 1)
    now = datetime.now(UTC)
    return [
        event._replace(attributes=event.attributes | {"received_at": format_time(now - age)})
        for age in ages
    ]
