"""Pushes for a loader: simulated events of many people with many user agents."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import islice

from google.pubsub_v1 import PubsubMessage

from functions.events.attributes import Attributes, format_time
from functions.events.catalogue import load_catalogue
from local.cell import CELL, PARTNER, PARTNER_PROJECTS, PROJECT
from local.pubsub.push import push_body
from local.traffic import make_traffic
from local.webhook import Plan, Webhook

PEOPLE = 10_000
AGENTS = 1_000
SUBSCRIPTION = f"projects/{PROJECT}/subscriptions/chat-{CELL}-load"


@cache
def pushes() -> tuple[bytes, ...]:
    """Return a push's body for each person; the user agents take turns."""
    now = datetime.now(UTC)
    projects = tuple(name for name, cell in PARTNER_PROJECTS.items() if cell == CELL)
    # The plan makes more events than people, because a few events are about rooms.
    traffic = make_traffic(Plan(PEOPLE + PEOPLE // 5, 500, 1, 1, now, projects), load_catalogue())
    chats = (webhook for webhook in traffic if "user_id" in webhook.value)
    return tuple(_push(number, each, now) for number, each in enumerate(islice(chats, PEOPLE)))


def agents() -> Iterator[str]:
    """Yield different user agents of today's clients."""
    for number in range(AGENTS):
        major, minor = 100 + number % 40, number // 40
        yield (
            f"Mozilla/5.0 (Linux; Android {10 + number % 5}; Pixel {minor}) AppleWebKit/537.36 "
            f"(KHTML, like Gecko) Chrome/{major}.0.{minor}.{number} Mobile Safari/537.36"
        )


_AGENTS = tuple(agents())


def _push(number: int, webhook: Webhook, now: datetime) -> bytes:
    value = webhook.value | {
        "user_id": f"user-{number:05}",
        "platformUserAgent": _AGENTS[number % AGENTS],
    }
    attributes = Attributes(
        ingest_id=webhook.ingest_id,
        received_at=format_time(now),
        kind=webhook.kind,
        partner=PARTNER,
        project=str(webhook.value["project"]),
        event=webhook.event,
    ).to_mapping()
    data = json.dumps(webhook.body | {"value": value}).encode()
    message = PubsubMessage(
        data=data, attributes=attributes, message_id=str(number), publish_time=now
    )
    return push_body(PubsubMessage.pb(message), SUBSCRIPTION, attempt=1)
