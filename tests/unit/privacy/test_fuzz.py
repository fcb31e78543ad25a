"""`privacy` answers any request, or says what is wrong with it without quoting it."""

import base64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp

from functions.privacy.app import erasure_routes
from functions.privacy.exports.endpoint import Deployment, Exports, Sources
from functions.privacy.exports.retained import RetainedEvents
from functions.privacy.exports.tables import Tables
from functions.privacy.records.receipts import Receipts
from functions.privacy.reports.lookups import Lookups
from functions.privacy.requests.caller import Callers
from functions.privacy.requests.context import Context
from functions.privacy.requests.owners import Owners
from functions.privacy.requests.request import serve
from functions.secrets.permissions import Permissions
from functions.warehouse.ledger import Ledger
from functions.warehouse.parameters import Parameter, query_parameters
from functions.web.routes import Route
from tests.fakes import statements
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.closed import Closed
from tests.fakes.letters import Letters
from tests.fakes.sweep import Sweep
from tests.unit.fuzz import (
    HEADERS,
    QUERIES,
    Fuzzed,
    bodies,
    explore,
    few_and_many,
    members,
    text,
)
from tests.unit.identity_tokens import bearer
from tests.unit.privacy.offboarding_cell import OFFICER, PARTNER, PUSH, SCHEDULER, OffboardingCell
from tests.unit.privacy.stand_ins import KEYS, LAYOUTS, NOW

pytestmark = pytest.mark.slow

ID = "01a2052a-7b41-713e-b268-a56c50884283"


class Statements(statements.Statements):
    """Statements that bind their parameters, as for BigQuery."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._own = folder
        at = {"filed_at": NOW, "until": NOW + timedelta(days=1), "released_at": None}
        texts = dict.fromkeys(("partner", "project", "source", "treatment"), "dev")
        times = dict.fromkeys(("cut_off", "due_at", "executed_at", "expires_at"))
        counts = dict.fromkeys(("hidden", "due", "executed", "restored", "on_hold"), 0)
        hold = {"hold_id": ID, "reason": "r", "filed_by": OFFICER, "user_keys": 1} | at | texts
        rows = dict.fromkeys(("own_rows", "room_rows", "days", "first_day", "last_day"), 0)
        self.answers = {
            "find_earlier_cut_off": [{"since": None, "erasure_ids": None}],
            "find_same_hold": [{"hold_id": ID}],
            "list_holds": [hold],
            "list_erasures": [
                {"erasure_id": ID, "mode": "grace", "status": "hidden"} | texts | times | counts
            ],
            "count_events": [rows],
            "count_identities": [{"identities": 0}],
        }

    def _answer(
        self, name: str, parameters: Mapping[str, Parameter], runs: Any, otherwise: Any
    ) -> Any:
        for parameter in query_parameters(self._own, name, parameters):
            parameter.to_api_repr()
        self.runs.clear()
        runs.clear()
        return super()._answer(name, parameters, runs, otherwise)


class Cell:
    """The privacy function, with all dependencies in memory."""

    def __init__(self) -> None:
        self.statements = Statements("privacy")
        self.bucket = Bucket()
        self.offboarding = OffboardingCell()

    def application(self) -> ASGIApp:
        permissions = Permissions(
            ["dev"], [OFFICER], {PARTNER: ["dev"]}, {"dev": "acme", "other": "other"}
        )
        context = Context(
            self.statements,
            Ledger(Statements("operate"), 215),
            Receipts(self.statements, lambda: NOW),
            KEYS,
            Owners(self.statements).partner_of,
            lambda: NOW,
            lambda: ID,
        )
        exports = Exports(
            context,
            Sources(Tables(self.statements, 215), RetainedEvents(self.bucket, Letters(), LAYOUTS)),
            Writer(self.bucket),
            self.bucket,
            Deployment("b", "europe-west1", 215),
            seconds=100,
        )
        return serve(
            Callers(lambda: permissions, SCHEDULER, PUSH),
            [
                *erasure_routes(context, Sweep(), Closed().current),
                Route("POST", "/exports", exports.make),
                Route("POST", "/lookups", Lookups(context).ask),
                *self.offboarding.routes,
            ],
        )


PROJECT = st.sampled_from(['"dev"', '"dev"', '"other"'])
IDS = st.sampled_from(['["ann"]', '["ann", 7]', "[16888417.0]"])
REASON = st.just('"claim 7"')
MOMENT = st.sampled_from(['"2026-12-24T00:00:00Z"', '"2026-11-21T00:00:00+02:00"'])
EVENT = bodies(
    {"event": st.just('"delete_profile_confirmed"'), "value": members({"user_id": st.just('"a"')})}
).map(lambda event: text(base64.b64encode(event).decode()))
ATTRIBUTES = members(
    {
        "ingest_id": st.just(text(ID)),
        "received_at": st.just('"2026-11-22T11:00:00.000000Z"'),
        "kind": st.just('"chat"'),
        "partner": st.just('"acme"'),
        "project": st.just('"dev"'),
        "event": st.sampled_from(['"delete_profile_confirmed"', '"account_restored"']),
    }
)
GOOD_HOLD = text(
    {"project": "dev", "ids": ["ann"], "reason": "claim 7", "until": "2026-12-24T00:00:00Z"}
).encode()
PERSON = members({"ids": IDS}).map(lambda person: f"[{person}]")
IN_PATH = st.sampled_from(
    [
        *(ID, f"urn:uuid:{ID}", "ffffffff-ffff-7fff-bfff-ffffffffffff"),
        *("00000000-0000-7000-8000-000000000000", "acme", "%00", "%ff", "x" * 3_000, "%7B%7D", "~"),
    ]
)
FORMS: dict[str, Sequence[Mapping[str, st.SearchStrategy[str]]]] = {
    "/erasures": [
        {"project": PROJECT, "people": PERSON},
        {"project": PROJECT, "people": PERSON, "mode": st.just('"immediate"')},
        {"project": PROJECT, "people": PERSON, "dry_run": st.just("true")},
    ],
    "/holds": [{"project": PROJECT, "ids": IDS, "reason": REASON, "until": MOMENT}],
    "/exports": [{"project": PROJECT, "ids": IDS}],
    "/lookups": [{"project": PROJECT, "reason": REASON, "ids": IDS}],
    "/offboardings": [
        {
            "partner": st.just('"acme"'),
            "confirm": st.sampled_from(['""', '"1-0"', '"9999999999-a"']),
        }
    ],
    "/sweep": [{}, {"restored_to": MOMENT, "restored_at": MOMENT}],
    "/stream": [{"message": members({"data": EVENT, "attributes": ATTRIBUTES})}],
    "/unfiled": [{}],
}
POSTS = st.one_of(
    *(st.tuples(st.just("POST"), st.just(path), bodies(*forms)) for path, forms in FORMS.items())
)
OTHERS = st.tuples(
    st.sampled_from(["GET", "DELETE", "HEAD", "PUT"]),
    st.sampled_from(["/erasures", "/holds", "/offboardings"])
    | st.builds("{}/{}".format, st.sampled_from(["/erasures", "/holds", "/offboardings"]), IN_PATH),
    st.sampled_from([b"", b"", b"\xff"]),
)


@few_and_many
def test_any_request_is_answered(examples: int) -> None:
    cell = Cell()
    with Fuzzed(cell.application) as fuzzed:

        @explore(examples)
        @given(
            POSTS | POSTS | OTHERS,
            st.just("") | QUERIES,
            HEADERS,
            st.sampled_from([OFFICER, OFFICER, PARTNER, SCHEDULER, PUSH, PUSH, "eve@x.example"]),
            st.sampled_from([False, False, False, True]),
        )
        def check(
            request: tuple[str, str, bytes],
            query: str,
            headers: list[tuple[str, str]],
            email: str,
            failing: bool,  # noqa: FBT001 - hypothesis names it
        ) -> None:
            method, path, body = request
            cell.statements.failing = set(cell.statements.names) if failing else set()
            cell.bucket.failing = {"find", "create"} if failing else set()
            cell.offboarding.fails_at = len(cell.offboarding.steps) + 1 if failing else 0
            sent = [*bearer(email).items(), *headers]
            url = f"{path}?{query}" if query else path
            fuzzed.check(method, url, body, sent, failing=failing)

        check()
        # Random requests are rarely faultless, and only a faultless one has these answers.
        cell.statements.failing = set()
        for method, path in (("POST", "/holds"), ("DELETE", f"/holds/{ID}")):
            fuzzed.check(method, path, GOOD_HOLD, [*bearer(OFFICER).items()], failing=False)
    fuzzed.saw({200, 202, 400, 403, 404, 201, 204, 405, 422, 503}, examples)
