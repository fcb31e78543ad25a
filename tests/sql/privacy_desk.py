"""The privacy function's HTTP interface, on the BigQuery stand-in, with a clock that tests set."""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import uuid_utils

from functions.privacy.app import erasure_routes
from functions.privacy.erasures.endpoint import Executor
from functions.privacy.records.receipts import Receipts
from functions.privacy.requests.caller import Callers
from functions.privacy.requests.context import Context
from functions.privacy.requests.owners import Owners
from functions.privacy.requests.people import user_keys
from functions.privacy.requests.request import serve
from functions.secrets.permissions import Permissions
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.warehouse.ledger import Ledger
from functions.warehouse.schema import Warehouse
from tests.fakes.closed import Closed
from tests.fakes.statements import WatchedStatements
from tests.unit.identity_tokens import bearer

KEYS = PseudonymKeys(2, {1: b"1" * 32, 2: b"2" * 32})
OFFICER, PARTNER = "officer@operator.example", "olga@acme.example"
SCHEDULER, PUSH = "scheduler@cell.example", "push@cell.example"
NOBODY = "nobody@else.example"
PROJECTS = {"dev": "acme", "shop": "acme", "other": "rival"}
PERMISSIONS = Permissions(list(PROJECTS), [OFFICER], {PARTNER: ["dev", "shop"]}, PROJECTS)


class Desk:
    """The routes of the privacy function for erasures, deletions in the chat and holds.

    Args:
        statements: runs the statements of the function.
        ledger: the ledger of the same warehouse.
        now: the time of the first request; each request takes a second.
        executor: executes erasures that have no grace period.
    """

    def __init__(
        self, statements: WatchedStatements, ledger: Ledger, now: datetime, executor: Executor
    ) -> None:
        self.now = now
        self.closed = Closed()
        self.permissions = PERMISSIONS
        self.statements = statements
        receipts = Receipts(self.statements, self.clock)
        context = Context(
            self.statements,
            ledger,
            receipts,
            KEYS,
            Owners(self.statements).partner_of,
            self.clock,
            lambda: new_id(self.now),
        )
        callers = Callers(lambda: self.permissions, SCHEDULER, PUSH)
        served = serve(callers, erasure_routes(context, executor, self.closed.current))
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://p")

    def clock(self) -> datetime:
        return self.now

    async def ask(
        self, method: str, path: str, body: Any = None, email: str = OFFICER
    ) -> httpx.Response:
        """Make a request as the caller with this e-mail address."""
        content = b"" if body is None else msgspec.json.encode(body)
        answer = await self._http.request(method, path, content=content, headers=bearer(email))
        self.now += timedelta(seconds=1)
        return answer

    async def erase(self, *people: str | list[str], email: str = OFFICER, **other: Any) -> Any:
        """Ask for an erasure of people of the project ``dev``."""
        ids = [{"ids": [person] if isinstance(person, str) else person} for person in people]
        return await self.ask("POST", "/erasures", {"project": "dev", "people": ids} | other, email)

    async def push(
        self,
        event: str,
        user: str | None,
        received_at: datetime,
        email: str = PUSH,
        *,
        occurred_at: datetime | None = None,
        **other: Any,
    ) -> httpx.Response:
        """Push a chat event of the project ``dev``, as Pub/Sub does."""
        value = {"user_id": user, "project": "dev", "timestamp": occurred_at}
        data = msgspec.json.encode({"event": event, "value": value})
        attributes = {
            "ingest_id": str(uuid_utils.uuid7()),
            "received_at": received_at.isoformat(),
            "kind": "chat",
            "event": event,
            "project": "dev",
            "partner": "acme",
        }
        return await self._push(_message(data, attributes) | other, email)

    async def push_message(self, data: bytes, attributes: dict[str, str]) -> httpx.Response:
        """Push a message, as Pub/Sub does."""
        return await self._push(_message(data, attributes), PUSH)

    async def _push(self, message: dict[str, Any], email: str) -> httpx.Response:
        return await self.ask("POST", "/stream", {"message": message}, email)


def open_desk(rest: str, warehouse: Warehouse, now: datetime, executor: Executor) -> Desk:
    """Return a desk that records its statements."""
    ledger = Ledger(WatchedStatements("operate", rest, warehouse), warehouse.retention_days)
    return Desk(WatchedStatements("privacy", rest, warehouse), ledger, now, executor)


def _message(data: bytes, attributes: dict[str, str]) -> dict[str, Any]:
    return {"data": base64.b64encode(data).decode(), "attributes": attributes}


def new_id(moment: datetime) -> str:
    """Return an id with the time of a moment (UUIDv7, RFC 9562)."""
    milliseconds = int(moment.timestamp() * 1_000)
    noise = secrets.randbits(74)
    return str(UUID(int=milliseconds << 80 | 7 << 76 | noise >> 62 << 64 | 2 << 62 | noise % 2**62))


def key(user: str, project: str = "dev") -> str:
    """Return the user key that `load` would write into new rows."""
    return user_keys(KEYS, project, [user])[-1]
