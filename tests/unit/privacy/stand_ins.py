"""Objects, events and scopes for tests of the parts of a sweep that rewrite the bucket."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.privacy.erasures.redaction import Redaction
from functions.privacy.erasures.scope import Scope, Scopes
from functions.retained import quarantine, spill
from functions.secrets.pseudonym_keys import PseudonymKeys

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEYS = PseudonymKeys(2, {1: b"1" * 32, 2: b"2" * 32})
LAYOUTS = Layouts(load_catalogue())
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def scope(user_id: str, **other: Any) -> Scope:
    """Return the scope of a person; its user key is that of the first version of the key."""
    project = other.get("project", "dev")
    given: dict[str, Any] = {
        "erasure_id": f"erasure of {user_id}",
        "partner": "acme",
        "project": project,
        "user_key": KEYS.all_user_keys(project, user_id)[0],
        "treatment": "anonymise",
        "status": "due",
        "claim": "c",
        "previous_cut_off": LONG_AGO,
        "cut_off": NOW,
        "copy_salt": f"salt of {user_id}",
    }
    return Scope(**given | other)


def redaction(*scopes: Scope) -> Redaction:
    return Redaction(Scopes(scopes), KEYS, LAYOUTS)


def body(user_id: str, event: str = "message_sent", **other: Any) -> bytes:
    value = {"user_id": user_id, "nickname": f"name of {user_id}", "project": "dev"} | other
    return json.dumps({"event": event, "value": value}).encode()


def attributes(number: int, **other: str) -> dict[str, str]:
    return {
        "ingest_id": f"i{number}",
        "received_at": "2026-11-22T11:00:00Z",
        "kind": "chat",
        "partner": "acme",
        "project": "dev",
        "event": "message_sent",
    } | other


def spilled(*events: tuple[bytes, dict[str, str]]) -> bytes:
    return spill.encode(spill.Spilled(*event) for event in events)


def quarantined(data: bytes, **other: Any) -> tuple[str, bytes]:
    """Return the name and the content of an object in quarantine."""
    given: dict[str, Any] = {
        "reason": "event_too_large",
        "partner": "acme",
        "kind": "chat",
        "received_at": "2026-11-22T11:00:00Z",
        "body": base64.b64encode(data).decode(),
    }
    return quarantine.to_object(quarantine.Quarantined(**given | other), data)
