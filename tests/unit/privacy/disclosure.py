"""Fixtures for the tests of exports, look-ups, residency and retention."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from functions.privacy.records.receipts import Receipts
from functions.privacy.requests.caller import Caller
from functions.privacy.requests.request import PrivacyRequest
from functions.secrets.pseudonym_keys import PseudonymKeys
from tests.fakes.statements import Statements

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = PseudonymKeys(2, {1: b"1" * 32, 2: b"2" * 32})
ANN = Caller("ann@acme.example", frozenset({"dev"}), owners={"dev": "acme"})
OPERATOR = Caller("op@cell.example", is_operator=True)
SCHEDULER = Caller("scheduler@p.iam.gserviceaccount.com", is_scheduler=True)
PUSH = Caller("push@p.iam.gserviceaccount.com", is_push=True)


def reading() -> Statements:
    """Return statements whose queries find nothing, and that change nothing but add receipts."""
    statements = Statements(changed=None)
    statements.answers["add_receipts"] = 1
    return statements


def receipts_of(statements: Statements) -> Receipts:
    return Receipts(statements, lambda: NOW)


def counting(prefix: str) -> Iterator[str]:
    """Yield ids in order, with this prefix."""
    number = 0
    while True:
        number += 1
        yield f"{prefix}-{number}"


def request_by(caller: Caller, body: Any = None, accept: str = "") -> PrivacyRequest:
    return PrivacyRequest(caller, body=json.dumps(body or {}).encode(), accept=accept)


def body_of(response: Response) -> Any:
    return json.loads(bytes(response.body))


async def acme(caller: Caller, project: str) -> str:
    caller.must_have(project)
    return "acme"
