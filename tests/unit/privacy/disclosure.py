"""What the tests of exports, look-ups, residency and retention share."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from starlette.responses import Response

from functions.privacy.records.receipts import Receipts
from functions.privacy.requests.caller import Caller
from functions.privacy.requests.request import PrivacyRequest
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.warehouse.parameters import Parameter
from functions.warehouse.statements import StatementFailed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = PseudonymKeys(2, {1: b"1" * 32, 2: b"2" * 32})
ANN = Caller("ann@acme.example", frozenset({"dev"}), owners={"dev": "acme"})
OPERATOR = Caller("op@cell.example", is_operator=True)
SCHEDULER = Caller("scheduler@p.iam.gserviceaccount.com", is_scheduler=True)
PUSH = Caller("push@p.iam.gserviceaccount.com", is_push=True)


class Store:
    """Statements: each returns the rows that a test gives it, and notes what it was given."""

    def __init__(self) -> None:
        self.found: dict[str, list[Any]] = {}
        self.asked: list[tuple[str, dict[str, Parameter]]] = []
        self.receipts: list[dict[str, Any]] = []
        self.failing: set[str] = set()

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        self._note(name, parameters)
        return self.found.get(name, [])

    async def change(self, name: str, **parameters: Parameter) -> int:
        self._note(name, parameters)
        given = parameters.get("receipts", ())
        assert not isinstance(given, str | date)
        self.receipts += [json.loads(each) for each in given]
        return 1

    def _note(self, name: str, parameters: dict[str, Parameter]) -> None:
        if name in self.failing:
            raise StatementFailed(name, "ServiceUnavailable")
        self.asked.append((name, parameters))

    def receive(self) -> Receipts:
        return Receipts(self, lambda: NOW)


def counting(prefix: str) -> Iterator[str]:
    """Ids in order."""
    number = 0
    while True:
        number += 1
        yield f"{prefix}-{number}"


def asked(caller: Caller, body: Any = None, accept: str = "") -> PrivacyRequest:
    return PrivacyRequest(caller, body=json.dumps(body or {}).encode(), accept=accept)


def said(response: Response) -> Any:
    return json.loads(bytes(response.body))


async def acme(caller: Caller, project: str) -> str:
    caller.must_have(project)
    return "acme"
