"""A burst of deletions in the chat is filed, although BigQuery refuses so many changes at once."""

import asyncio
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from google.pubsub_v1 import PubsubMessage

from functions.events.attributes import Attributes, format_time
from local import query
from local.cell import PARTNER, PUSH_ACCOUNT, Cell
from local.identity_token import identity_token
from local.pubsub.push import push_body
from tests.cell.running import PATIENCE_SECONDS

pytestmark = [pytest.mark.cell, pytest.mark.soak]

DELETIONS = 500
ATTEMPTS = 10


def push(cell: Cell, user: str) -> bytes:
    """Return the push of a deletion, as Pub/Sub makes it."""
    body = {"event": "delete_profile_confirmed", "value": {"user_id": user, "project": "dev"}}
    event = Attributes(
        str(uuid.uuid4()),
        format_time(datetime.now(UTC)),
        "chat",
        PARTNER,
        "dev",
        "delete_profile_confirmed",
    )
    message = PubsubMessage(data=json.dumps(body).encode(), attributes=event.to_mapping())
    return push_body(PubsubMessage.pb(message), cell.privacy_subscription, None)


async def deliver(client: httpx.AsyncClient, body: bytes) -> list[int]:
    """Push a message until it is acknowledged, as Pub/Sub does; return the statuses."""
    answers: list[int] = []
    while len(answers) < ATTEMPTS and 204 not in answers:
        if answers:
            await asyncio.sleep(1)
        answers.append((await client.post("/stream", content=body)).status_code)
    return answers


async def test_every_deletion_is_filed(cell: Cell, description: dict[str, Any]) -> None:
    burst = uuid.uuid4().hex
    bodies = [push(cell, f"{burst}-{number}") for number in range(DELETIONS)]
    before = filed(cell)
    headers = {"Authorization": f"Bearer {identity_token(PUSH_ACCOUNT)}"}
    async with httpx.AsyncClient(
        base_url=description["functions"]["privacy"],
        headers=headers,
        timeout=PATIENCE_SECONDS,
        limits=httpx.Limits(max_connections=DELETIONS),
        trust_env=False,
    ) as client:
        answers = await asyncio.gather(*(deliver(client, body) for body in bodies))
        assert {statuses[-1] for statuses in answers} == {204}
        assert {status for statuses in answers for status in statuses} <= {204, 503}
        again = await asyncio.gather(*(deliver(client, body) for body in bodies))
        assert {statuses[-1] for statuses in again} == {204}
    people, rows, receipts = (now - then for now, then in zip(filed(cell), before, strict=True))
    assert people == rows == receipts == DELETIONS, "each is filed once, although it came twice"


def filed(cell: Cell) -> tuple[int, int, int]:
    """Return the number of hidden people and rows from the chat, and of receipts of erasures."""
    store = cell.store_dataset
    sql = (
        "SELECT COUNT(DISTINCT user_key) AS people, COUNT(*) AS n, ("
        f"  SELECT COUNT(*) FROM {store}.receipts_v1 "
        "  WHERE recorded_at > '2000-01-01' AND operation = 'erasure'"
        f") AS r FROM {store}.erasures_v1 WHERE source = 'stream' AND status = 'hidden'"
    )
    [row] = query.rows(cell, sql)
    return row["people"], row["n"], row["r"]
