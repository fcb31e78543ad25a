"""A cell in memory with offboardings; every step of them can be made to fail."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import httpx
import msgspec

from functions.acceptance.partners import Directory, Partner, PartnersUnavailable
from functions.google.secret_manager import SecretsUnavailable, Version
from functions.google.storage import BucketUnavailable
from functions.google.subscription import Letter, SubscriptionUnavailable
from functions.privacy.app import offboarding_routes
from functions.privacy.erasures.restored_tables import Restored
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
from tests.fakes.objects import Bucket
from tests.unit.identity_tokens import bearer
from tests.unit.operate.stand_ins import Letters
from tests.unit.privacy.stand_ins import KEYS, LAYOUTS, NOW

OFFICER, PARTNER, SCHEDULER = "officer@operator.example", "olga@acme.example", "scheduler@c.example"
PUSH = "push@c.example"
CLOSING = timedelta(minutes=12)

Step = Callable[[str], None]


class Store:
    """The tables, as the statements of an offboarding see them.

    Attributes:
        rows: how many rows a partner has, by table.
        held: how many of them a legal hold keeps.
        people: whom it names: partner, project, user key.
        receipts: by id.
    """

    def __init__(self, step: Step) -> None:
        self.rows_of: dict[str, dict[str, int]] = defaultdict(dict)
        self.held: dict[str, dict[str, int]] = defaultdict(dict)
        self.people: list[tuple[str, str, str]] = []
        self.receipts: dict[str, dict[str, Any]] = {}
        self._step = step

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        self._step(name)
        match name:
            case "count_partner_rows":
                partner = str(parameters["partner"])
                return [
                    {"place": table, "total": n, "on_hold": self.held[partner].get(table, 0)}
                    for table, n in self.rows_of[partner].items()
                    if n
                ]
            case "find_people_on_hold":
                names = ("partner", "project", "user_key")
                partners = parameters["partners"]
                assert not isinstance(partners, date)
                return [
                    dict(zip(names, who, strict=True)) for who in self.people if who[0] in partners
                ]
            case "find_offboardings":
                return [
                    {
                        "partner": receipt["reference"],
                        "requested_by": receipt.get("requested_by", ""),
                        "detail": json.dumps(receipt["detail"]),
                    }
                    for receipt in self.receipts.values()
                    if parameters["partner"] in {"", receipt["reference"]}
                ]
        raise AssertionError(name)

    async def change(self, name: str, **parameters: Parameter) -> int:
        self._step(name)
        if name == "add_receipts":
            for text in parameters["receipts"]:  # type: ignore[union-attr]  # it is a list of texts
                receipt = json.loads(str(text))
                self.receipts.setdefault(receipt["receipt_id"], receipt)
            self._step(f"after {name}")
            return 1
        table, partner = name.removeprefix("delete_partner_"), str(parameters["partner"])
        assert table in {each.name for each in partner_tables()}
        kept = self.held[partner].get(table, 0)
        gone = self.rows_of[partner].get(table, 0) - kept
        self.rows_of[partner][table] = kept
        self._step(f"after {name}")
        return gone


class Secret:
    """The closed list's versions."""

    def __init__(self, step: Step) -> None:
        self.versions = [b'{"partners": {}}']
        self._step = step

    def newest(self) -> Version:
        self._step("read the list")
        return Version(len(self.versions), self.versions[-1])

    def at(self, number: int) -> Version | None:
        return Version(number, self.versions[number - 1])

    def add(self, data: bytes) -> int:
        self._step("write the list")
        self.versions.append(data)
        self._step("after write the list")
        return len(self.versions)


class Kept:
    """Writes into quarantine, as `functions.google.storage.Bucket` does."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def write(self, name: str, data: bytes, *, content_type: str, within: float) -> None:
        self._bucket.then("keep")
        self._bucket.put(name, data)


class SteppedLetters(Letters):
    """Dead letters whose every call is a step."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self._step = step

    async def pull(self) -> list[Letter]:
        self._step("pull")
        return await super().pull()

    async def acknowledge(self, letters: Sequence[Letter]) -> None:
        self._step("acknowledge")
        await super().acknowledge(letters)


class NoErasures:
    """A sweep that has nothing to execute."""

    async def run(self, *, restored: Restored | None = None) -> Any:
        return {"finished": True, "executed": {}, "rows": {}, "places": {}, "unavailable": ""}


class NothingLate:
    """A check of retention that finds what it is told to."""

    def __init__(self, checked: Checked | None = None) -> None:
        self.checked: Checked | None = checked or Checked(ok=True, asked_at=NOW, places=[])
        self.checks = 0

    async def check_daily(self) -> Checked | None:
        self.checks += 1
        return self.checked


class OffboardingCell:
    """The function's offboardings, with all around them in memory.

    Attributes:
        now: the time.
        fails_at: the number of the step that fails; 0 for none.
        steps: all that was done, by name.
        over_after: after so many questions for it, the time of a request is over.
    """

    def __init__(self) -> None:
        self.now = NOW
        self.steps: list[str] = []
        self.fails_at = 0
        self.over_after = 1_000
        self.projects: dict[str, str] | None = {"acme-prod": "eu", "acme-us": "us"}
        self.store = Store(self._step)
        self.bucket = Bucket()
        self.bucket.then = self._step
        self.letters = SteppedLetters(self._step)
        self.secret = Secret(self._step)
        self._http = self._client()

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if len(self.steps) == self.fails_at:
            raise self._failure(name)

    @staticmethod
    def _failure(name: str) -> Exception:
        if "the list" in name:
            return SecretsUnavailable("503")
        if name in {"find", "read", "write", "delete", "keep"}:
            return BucketUnavailable(name)
        if name in {"pull", "acknowledge"}:
            return SubscriptionUnavailable(name)
        return StatementFailed(name, "ServiceUnavailable")

    async def _directory(self) -> Directory:
        if self.projects is None:
            raise PartnersUnavailable
        known = {"acme": Partner(("0" * 64,), self.projects)} if self.projects else {}
        return Directory(known)

    def _deadline(self) -> Callable[[], bool]:
        left = iter(range(self.over_after))
        return lambda: next(left, None) is None

    def _client(self) -> httpx.AsyncClient:
        ids = iter(range(1_000_000))
        people = PeopleOnHold(self.store, KEYS, LAYOUTS)
        held = EventsOnHold(Quarantine(Kept(self.bucket)), self.bucket, people)
        clearers = (ClosedPartnerObjects(self.bucket), ClosedPartnerLetters(self.letters))
        offboarding = Offboarding(self.store, clearers, held, people, lambda: self.now)
        receipts = Receipts(self.store, lambda: self.now)
        records = Records(self.store, receipts, lambda: f"id {next(ids)}")
        closed = ClosedSecret(self.secret)
        plan = Plan(
            directory=self._directory,
            closed=closed,
            confirmations=Confirmations(KEYS),
            offboarding=offboarding,
            now=lambda: self.now,
        )
        progress = OffboardingProgress(offboarding, records, CLOSING, lambda: self.now)
        operations = Offboardings(plan, closed, progress, records, self._deadline)
        permissions = Permissions(["acme-prod"], [OFFICER], {PARTNER: ["acme-prod"]})
        sweep_endpoint = SweepEndpoint(
            NoErasures().run, operations, NothingLate().check_daily, lambda: self.now
        )
        served = serve(
            Callers(lambda: permissions, SCHEDULER, PUSH),
            [
                *offboarding_routes(operations),
                Route("POST", "/sweep", sweep_endpoint.post),
            ],
        )
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
        """The code of a plan."""
        return str((await self.order()).json()["confirm"])

    def closed(self) -> set[str]:
        """Who is on the closed list."""
        return set(json.loads(self.secret.versions[-1])["partners"])
