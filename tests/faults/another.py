"""A second partner, so that a test can say whom a fault harms."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.cell.running import PATIENCE_SECONDS
from tests.faults.rig import Rig

OTHER, OTHER_TOKEN, OTHER_PROJECT = "other", "token-of-the-other", "other-project"


@asynccontextmanager
async def another_partner(rig: Rig, **settings: str) -> AsyncIterator[str]:
    """Let a second partner in, and renew the receiver; the address for the partner's events.

    Args:
        rig: the cell.
        settings: of the renewed receiver.
    """
    secret = rig.cell.secrets / "partners.json"
    before = secret.read_text()
    content = json.loads(before)
    content["partners"][OTHER] = {
        "tokens_sha256": [hashlib.sha256(OTHER_TOKEN.encode()).hexdigest()],
        "projects": {OTHER_PROJECT: "eu"},
    }
    secret.write_text(json.dumps(content))
    try:
        await rig.renew(**settings)
        yield f"{rig.cell.url('receive')}/events/{OTHER_TOKEN}"
    finally:
        secret.write_text(before)


async def post_event(url: str, room: str) -> httpx.Response:
    """Send an event of the second partner."""
    value = {"project": OTHER_PROJECT, "user_id": "u", "event_id": room}
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        return await client.post(url, json={"event": "emoji_sent", "value": value})
