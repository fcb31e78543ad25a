"""The jobs, pages and requests that run statements, each as the deployed code runs it.

Each job calls the code of a function with a recorder in place of BigQuery, so its statements and
parameters are the code's own. Only the time and the rows that queries return are written down, in
`costs.answers`.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, cast

import msgspec

from costs.answers import (
    ANSWERS,
    CAME_BACK,
    ERASURE_ID,
    EVERY_DAY,
    GRACE_OVER,
    HOUR,
    IDENTITIES,
    KEY,
    NIGHT,
    NOW,
    OFFICER,
    RAN,
    THIRTY_DAYS,
    TODAY,
    TOMBSTONES,
    active,
    due,
    in_scope,
    noted,
    refreshed,
)
from costs.recording import Answers, Call, RecordedStatements, Recording
from functions.dashboard.report import Window, monday
from functions.dashboard.rollups import Rollups
from functions.google.storage import CloudStorage
from functions.operate.refresh import Refresh
from functions.operate.settle import Settle
from functions.privacy.app import erasure_routes, new_id
from functions.privacy.exports.messages import Owner
from functions.privacy.exports.tables import Subject, Tables
from functions.privacy.records.receipts import Receipts
from functions.privacy.reports.lookups import Lookups
from functions.privacy.reports.retention import Retention
from functions.privacy.requests.caller import Caller
from functions.privacy.requests.context import Context
from functions.privacy.requests.owners import Owners
from functions.privacy.requests.request import PrivacyRequest
from functions.privacy.sweep.job import Sweep
from functions.privacy.sweep.open_days import OpenDays
from functions.privacy.sweep.search import Search
from functions.secrets.closed_partners import ClosedList
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.warehouse.days import DAY
from functions.warehouse.ledger import Ledger
from functions.warehouse.schema import EXTRA_DAYS, RETENTION_DAYS

PERSON = {"project": "dev", "people": [{"ids": ["u-1"]}]}
CALLER = Caller(
    OFFICER,
    frozenset({"dev"}),
    is_operator=True,
    is_scheduler=True,
    pinned=frozenset({"dev"}),
    owners={"dev": "acme"},
)
KEYS = PseudonymKeys(1, {1: b"1" * 32})

Run = Callable[[Recording, datetime, int], Coroutine[Any, Any, Any]]
"""Starts a job: its recording, the time, and ``retention_days``."""


@dataclass(frozen=True)
class Job:
    """A job, a page or a request.

    Attributes:
        name: its name on docs/costs.md and in bars.yaml.
        run: starts it.
        now: the time at which it runs.
        answers: what its queries return, beside `ANSWERS`.
        changed_days: on how many days it finds events to change; None if on all that it searches.
    """

    name: str
    run: Run
    now: datetime = NOW
    answers: Answers = field(default_factory=dict)
    changed_days: int | None = None

    def calls(self, retention_days: int) -> list[Call]:
        """Return the statements that it runs."""
        recording = Recording({**ANSWERS, **self.answers})
        return recording.run(self.run(recording, self.now, retention_days))


def _refresh(recording: Recording, now: datetime, retention_days: int) -> Refresh:
    return Refresh(
        RecordedStatements("operate", recording),
        _ledger(recording, retention_days),
        now=lambda: now,
        clock=float,
        seconds=1,
        retention_days=retention_days,
    )


async def refresh(recording: Recording, now: datetime, retention_days: int) -> None:
    """Bring active days and the rollups up to date, as the scheduler does."""
    await _refresh(recording, now, retention_days).run()


async def settle(recording: Recording, now: datetime, retention_days: int) -> None:
    """Settle the store."""
    statements = RecordedStatements("operate", recording)
    await Settle(
        statements,
        Ledger(statements, retention_days),
        now=lambda: now,
        clock=float,
        seconds=1,
        retention_days=retention_days,
    ).run()


def _sweep(recording: Recording, now: datetime, retention_days: int) -> Sweep:
    statements = RecordedStatements("privacy", recording)
    ledger = _ledger(recording, retention_days)
    operate = RecordedStatements("operate", recording)
    rollups = OpenDays(operate, lambda: now, retention_days, seconds=1, clock=float)
    return Sweep(
        statements,
        Receipts(statements, lambda: now),
        Search(ledger, retention_days),
        rollups,
        (),
        now=lambda: now,
        clock=float,
        seconds=1,
    )


def _ledger(recording: Recording, retention_days: int = RETENTION_DAYS) -> Ledger:
    return Ledger(RecordedStatements("operate", recording), retention_days)


async def sweep(recording: Recording, now: datetime, retention_days: int) -> None:
    """Run a sweep, as the scheduler does."""
    await _sweep(recording, now, retention_days).run()


async def check_retention(recording: Recording, now: datetime, retention_days: int) -> None:
    """Check that no data is kept for too long, as a sweep does once a day."""

    async def none_overdue(_at: datetime) -> list[Any]:
        return []

    statements = RecordedStatements("privacy", recording)
    await Retention(
        statements,
        _ledger(recording, retention_days),
        cast(CloudStorage, _NoObjects()),
        none_overdue,
        now=lambda: now,
        retention_days=retention_days,
    ).check_daily()


class _NoObjects:
    """An empty bucket; the check only lists objects."""

    async def find(self, _prefix: str) -> list[Any]:
        return []


async def show_page(
    window: Window, recording: Recording, now: datetime, _retention_days: int
) -> None:
    """Read the numbers for a page of the dashboard."""
    last = now.date()
    first = window.first(last)
    rollups = Rollups(RecordedStatements("dashboard", recording))
    await rollups.read("dev", first, last, monday(first))


async def refresh_and_show(recording: Recording, now: datetime, retention_days: int) -> None:
    """Answer a press of the button Refresh: refresh what is not up to date, then show the page."""
    await _refresh(recording, now, retention_days).run()
    await show_page(Window.DAYS_90, recording, now, retention_days)


async def export(recording: Recording, now: datetime, retention_days: int) -> None:
    """Read the tables for an export."""
    subject = Subject(Owner("acme", "dev"), frozenset({"u-1"}), [KEY])
    await _context(recording, now).partner_of(CALLER, "dev")
    tables = Tables(RecordedStatements("privacy", recording), retention_days)
    await tables.records(subject, now)
    async for _ in tables.events(subject, now):
        pass


async def look_up(recording: Recording, now: datetime, _retention_days: int) -> None:
    """Find the id that belongs to a user key."""
    body = msgspec.json.encode({"project": "dev", "reason": "a complaint", "user_keys": [KEY]})
    await Lookups(_context(recording, now)).ask(PrivacyRequest(CALLER, body=body))


async def ask(
    method: str,
    path: str,
    body: Mapping[str, Any],
    recording: Recording,
    now: datetime,
    retention_days: int,
) -> None:
    """Make a request about erasures or holds."""

    async def none_closed() -> ClosedList:
        return ClosedList({})

    executor = _sweep(recording, now, retention_days)
    routes = erasure_routes(_context(recording, now), executor, none_closed)
    [answer] = [each.handle for each in routes if (each.method, each.path) == (method, path)]
    await answer(PrivacyRequest(CALLER, id=ERASURE_ID, body=msgspec.json.encode(body)))


def _context(recording: Recording, now: datetime) -> Context:
    statements = RecordedStatements("privacy", recording)
    receipts = Receipts(statements, lambda: now)
    partner_of = Owners(statements).partner_of
    return Context(statements, _ledger(recording), receipts, KEYS, partner_of, lambda: now, new_id)


JOBS = (
    Job(
        "refresh each night",
        refresh,
        NIGHT,
        {"find_news": refreshed(NIGHT - DAY)},
    ),
    Job("press of Refresh", refresh_and_show, answers={"find_news": refreshed(NOW - HOUR)}),
    Job("sweep, nothing late", sweep, answers={"find_scopes": TOMBSTONES}, changed_days=0),
    Job(
        "sweep, one late day",
        sweep,
        answers={
            "find_scopes": TOMBSTONES,
            "find_news": [*RAN, noted(TODAY - 30 * DAY)],
            "count_in_scope": in_scope([TODAY - 30 * DAY], "events_anonymised", status="executed"),
        },
        changed_days=1,
    ),
    Job("full sweep", sweep, answers={"find_scopes": TOMBSTONES, "find_news": RAN[:1]}),
    Job(
        "execution, all days",
        sweep,
        answers={
            **GRACE_OVER,
            "find_scopes": due("anonymise", "delete"),
            "find_days_in_scope": active(EVERY_DAY),
            "count_in_scope": in_scope(EVERY_DAY, "events_anonymised", "events_deleted"),
            "count_room_events_in_scope": in_scope(EVERY_DAY, "speakers_removed"),
            "count_identities_in_scope": [IDENTITIES],
        },
    ),
    Job(
        "execution, one person",
        sweep,
        answers={
            **GRACE_OVER,
            "find_scopes": due("delete"),
            "find_days_in_scope": active(THIRTY_DAYS),
            "count_in_scope": in_scope(THIRTY_DAYS, "events_deleted"),
            "count_identities_in_scope": [IDENTITIES],
        },
        changed_days=30,
    ),
    Job(
        "settle",
        settle,
        NIGHT,
        {
            "find_days_with_copies": [TODAY],
            "find_days_with_extra": [TODAY - EXTRA_DAYS * DAY],
        },
    ),
    Job("retention check", check_retention),
    Job("missed deletions", partial(ask, "POST", "/unfiled", {})),
    Job("page of 90 days", partial(show_page, Window.DAYS_90)),
    Job("page of 6 months", partial(show_page, Window.MONTHS_6)),
    Job(
        "immediate erasure",
        partial(ask, "POST", "/erasures", PERSON | {"mode": "immediate"}),
        answers={
            "find_news": [*RAN, *refreshed(NOW - HOUR)],
            "find_scopes": due("delete"),
            "find_days_in_scope": active(THIRTY_DAYS),
            "count_in_scope": in_scope(THIRTY_DAYS, "events_deleted"),
            "count_identities_in_scope": [IDENTITIES],
            **CAME_BACK,
        },
        changed_days=30,
    ),
    Job("erasure", partial(ask, "POST", "/erasures", PERSON)),
    Job("erasure again", partial(ask, "POST", "/erasures", PERSON), answers=CAME_BACK),
    Job("preview of an erasure", partial(ask, "POST", "/erasures", PERSON | {"dry_run": True})),
    Job("erasure log", partial(ask, "GET", "/erasures/{id}", {})),
    Job("restoration", partial(ask, "DELETE", "/erasures/{id}", {})),
    Job("export", export),
    Job("look-up", look_up),
    Job(
        "legal hold",
        partial(
            ask,
            "POST",
            "/holds",
            {"project": "dev", "ids": ["u-1"], "reason": "a lawsuit", "until": NOW + DAY},
        ),
    ),
    Job("end of a legal hold", partial(ask, "DELETE", "/holds/{id}", {})),
)
