"""The HTTP interface of erasures, with fakes behind it."""

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from functions.privacy.app import erasure_routes
from functions.privacy.erasures.endpoint import Executor
from functions.privacy.records.receipts import Receipts
from functions.privacy.requests.caller import Callers
from functions.privacy.requests.context import Context
from functions.privacy.requests.owners import Owners
from functions.privacy.requests.request import serve
from functions.secrets.permissions import Permissions, PermissionsUnavailable
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.warehouse.ledger import Ledger
from tests.fakes.closed import Closed
from tests.fakes.statements import Statements
from tests.fakes.sweep import Sweep
from tests.unit.identity_tokens import bearer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OFFICER = "officer@operator.example"
ERASURE: dict[str, Any] = {"project": "dev", "people": [{"ids": ["ann"]}]}


class Front:
    """The privacy function with its routes of erasures.

    Args:
        statements: runs the statements of the function.
        executor: executes erasures that have no grace period.
        owner: the partner of the project ``dev``.
        permitted: whether the callers' secret can be read.
    """

    def __init__(
        self,
        statements: Statements,
        executor: Executor | None = None,
        *,
        owner: str | None = "acme",
        permitted: bool = True,
    ) -> None:
        def permissions() -> Permissions:
            if not permitted:
                raise PermissionsUnavailable("OSError")
            return Permissions(["dev"], [OFFICER], owners={"dev": owner} if owner else {})

        context = Context(
            statements,
            Ledger(statements, 215),
            Receipts(statements, lambda: NOW),
            PseudonymKeys(1, {1: b"1" * 32}),
            Owners(statements).partner_of,
            lambda: NOW,
            lambda: "01a2052a-7b41-713e-b268-a56c50884283",
        )
        served = serve(
            Callers(permissions, "scheduler@cell.example", "push@cell.example"),
            erasure_routes(context, executor or Sweep(), Closed().current),
        )
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://p")

    async def ask(
        self, method: str, path: str, content: bytes, email: str = OFFICER
    ) -> httpx.Response:
        """Make a request as the caller with this e-mail address."""
        return await self._http.request(method, path, content=content, headers=bearer(email))

    async def post(self, path: str, body: Any, email: str = OFFICER) -> httpx.Response:
        """Post a body; a value that is not bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.ask("POST", path, content, email)
