"""A cell in memory with offboardings, in which tests can make every step fail."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import msgspec

from functions.google.secret_manager import SecretsUnavailable
from functions.google.storage import BucketUnavailable
from functions.google.subscription import SubscriptionUnavailable
from functions.privacy.app import offboarding_routes
from functions.privacy.inventory import partner_tables
from functions.privacy.offboarding.closed_list import ClosedSecret
from functions.privacy.offboarding.closed_partners import PeopleOnHold
from functions.privacy.offboarding.dead_letters import ClosedPartnerLetters
from functions.privacy.offboarding.deletion import Offboarding
from functions.privacy.offboarding.endpoint import Offboardings
from functions.privacy.offboarding.events_on_hold import EventsOnHold
from functions.privacy.offboarding.plan import Confirmations, Plan
from functions.privacy.offboarding.progress import OffboardingProgress
from functions.privacy.offboarding.record import Records
from functions.privacy.offboarding.storage import ClosedPartnerObjects
from functions.privacy.records.receipts import Receipts
from functions.privacy.reports.retention import Checked
from functions.privacy.requests.caller import Callers
from functions.privacy.requests.request import serve
from functions.privacy.sweep.endpoint import SweepEndpoint
from functions.retained.quarantine import Quarantine
from functions.secrets.permissions import Permissions
from functions.warehouse.parameters import Parameter
from functions.warehouse.statements import StatementFailed
from functions.web.routes import Route
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.hook import Hook
from tests.fakes.letters import Letters
from tests.fakes.partners import Partners
from tests.fakes.secret import Secret
from tests.fakes.statements import Statements
from tests.fakes.sweep import Sweep
from tests.unit.identity_tokens import bearer
from tests.unit.privacy.stand_ins import KEYS, LAYOUTS, NOW

OFFICER, PARTNER, SCHEDULER = "officer@operator.example", "olga@acme.example", "scheduler@c.example"
PUSH = "push@c.example"
CLOSING = timedelta(minutes=12)


class Tables:
    """The tables, as the statements of an offboarding see them.

    Attributes:
        rows_of: how many rows each partner has, by table.
        held: how many of these rows a legal hold keeps.
        people: the people under a legal hold: partner, project and user key.
        receipts: the receipts, by id.
    """

    def __init__(self) -> None:
        self.rows_of: dict[str, dict[str, int]] = defaultdict(dict)
        self.held: dict[str, dict[str, int]] = defaultdict(dict)
        self.people: list[tuple[str, str, str]] = []
        self.receipts: dict[str, dict[str, Any]] = {}

    def statements(self) -> Statements:
        """Return the statements, with answers from these tables."""
        statements = Statements(rows=None, changed=None)
        for table in partner_tables():
            answer = partial(self._delete, table.name)
            statements.answers[f"delete_partner_{table.name}"] = answer
        statements.answers["count_partner_rows"] = self._count_rows
        statements.answers["find_people_on_hold"] = self._find_people_on_hold
        statements.answers["find_offboardings"] = self._find_offboardings
        statements.answers["add_receipts"] = self._add_receipts
        return statements

    def _count_rows(self, partner: str, **_: Parameter) -> list[dict[str, Any]]:
        return [
            {"place": table, "total": n, "on_hold": self.held[partner].get(table, 0)}
            for table, n in self.rows_of[partner].items()
            if n
        ]

    def _find_people_on_hold(self, partners: Sequence[str], **_: Parameter) -> list[dict[str, str]]:
        names = ("partner", "project", "user_key")
        return [
            dict(zip(names, person, strict=True)) for person in self.people if person[0] in partners
        ]

    def _find_offboardings(self, partner: str, **_: Parameter) -> list[dict[str, Any]]:
        return [
            {
                "partner": receipt["reference"],
                "requested_by": receipt.get("requested_by", ""),
                "detail": json.dumps(receipt["detail"]),
            }
            for receipt in self.receipts.values()
            if partner in {"", receipt["reference"]}
        ]

    def _add_receipts(self, receipts: Sequence[str], **_: Parameter) -> int:
        for text in receipts:
            receipt = json.loads(text)
            self.receipts.setdefault(receipt["receipt_id"], receipt)
        return 1

    def _delete(self, table: str, partner: str, **_: Parameter) -> int:
        kept = self.held[partner].get(table, 0)
        deleted = self.rows_of[partner].get(table, 0) - kept
        self.rows_of[partner][table] = kept
        return deleted


class NothingLate:
    """Stands for the check of retention, and always has the same result."""

    def __init__(self, checked: Checked | None = None) -> None:
        self.checked: Checked | None = checked or Checked(ok=True, asked_at=NOW, places=[])
        self.checks = 0

    async def check_daily(self) -> Checked | None:
        self.checks += 1
        return self.checked


class OffboardingCell:
    """The offboardings of the privacy function, with all dependencies in memory.

    Attributes:
        now: the time.
        fails_at: the number of the step that fails; 0 for none.
        routes: the routes of offboardings and of the sweep.
        steps: the names of all steps that began, and of the changes after which a step ended.
        over_after: how often a request can ask whether its time is over before the answer is yes.
    """

    def __init__(self) -> None:
        self.now = NOW
        self.steps: list[str] = []
        self.fails_at = 0
        self.over_after = 1_000
        self.partners = Partners()
        self.store = Tables()
        self.bucket = Bucket()
        self.letters = Letters()
        self.secret = Secret(b'{"partners": {}}')
        self._http = self._client(self._watched_statements())
        self.bucket.before = self._step(BucketUnavailable)
        self.letters.before = self._step(SubscriptionUnavailable)
        self.secret.before = self._step(SecretsUnavailable)
        added = self._step(SecretsUnavailable, "after {}")
        self.secret.after = lambda action: added(action) if action == "add" else None

    def _watched_statements(self) -> Statements:
        def failure(name: str) -> StatementFailed:
            return StatementFailed(name, "backendError")

        statements = self.store.statements()
        statements.before = self._step(failure)
        statements.after_change = self._step(failure, "after {}")
        return statements

    def _step(self, failure: Callable[[str], Exception], name: str = "{}") -> Hook:
        """Return a hook that counts each action as a step, and may make it fail."""

        def step(action: str) -> None:
            self.steps.append(name.format(action))
            if len(self.steps) == self.fails_at:
                raise failure(action)

        return step

    def _deadline(self) -> Callable[[], bool]:
        left = iter(range(self.over_after))
        return lambda: next(left, None) is None

    def _client(self, statements: Statements) -> httpx.AsyncClient:
        ids = iter(range(1_000_000))
        people = PeopleOnHold(statements, KEYS, LAYOUTS)
        held = EventsOnHold(Quarantine(Writer(self.bucket)), self.bucket, people)
        clearers = (ClosedPartnerObjects(self.bucket), ClosedPartnerLetters(self.letters))
        offboarding = Offboarding(statements, clearers, held, people, lambda: self.now)
        receipts = Receipts(statements, lambda: self.now)
        records = Records(statements, receipts, lambda: f"id {next(ids)}")
        closed = ClosedSecret(self.secret)
        plan = Plan(
            directory=self.partners.current,
            closed=closed,
            confirmations=Confirmations(KEYS),
            offboarding=offboarding,
            now=lambda: self.now,
        )
        progress = OffboardingProgress(offboarding, records, CLOSING, lambda: self.now)
        operations = Offboardings(plan, closed, progress, records, self._deadline)
        permissions = Permissions(["acme-prod"], [OFFICER], {PARTNER: ["acme-prod"]})
        sweep_endpoint = SweepEndpoint(
            Sweep().run,
            operations.sweep,
            NothingLate().check_daily,
            operations.deadline,
            lambda: self.now,
        )
        self.routes = [
            *offboarding_routes(operations),
            Route("POST", "/sweep", sweep_endpoint.post),
        ]
        served = serve(Callers(lambda: permissions, SCHEDULER, PUSH), self.routes)
        return httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://p")

    async def ask(
        self, method: str, path: str, email: str = OFFICER, **body: Any
    ) -> httpx.Response:
        content = msgspec.json.encode(body) if method == "POST" else b""
        return await self._http.request(method, path, content=content, headers=bearer(email))

    async def order(self, confirm: str = "", email: str = OFFICER) -> httpx.Response:
        body = {"partner": "acme"} | ({"confirm": confirm} if confirm else {})
        return await self.ask("POST", "/offboardings", email, **body)

    async def code(self) -> str:
        """Ask for an offboarding, and return the code that confirms it."""
        return str((await self.order()).json()["confirm"])

    def closed(self) -> set[str]:
        """Return the partners on the closed list."""
        return set(json.loads(self.secret.versions[-1])["partners"])
