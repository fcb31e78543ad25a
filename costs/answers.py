"""The rows that queries return to the measured jobs, so that each job does what its name says."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from costs.recording import Answers, Call
from functions.privacy.periods import GRACE, TOMBSTONE
from functions.privacy.sweep.work import Work
from functions.warehouse.days import DAY, midnight
from functions.warehouse.schema import OPEN_WINDOW_DAYS, RETENTION_DAYS

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
"""A Monday, when a refresh touches the most weeks."""

HOUR = timedelta(hours=1)

NIGHT = datetime(2026, 11, 30, 0, 0, 20, tzinfo=UTC)
TODAY = midnight(NOW.date())

ERASURE_ID = "019ac000-0000-7000-8000-000000000000"
KEY = "0" * 32
OFFICER = "officer@operator.example"


def scope(treatment: str, status: str) -> Mapping[str, Any]:
    """Return a row of ``find_scopes``: a scope of an erasure that is due, or of a tombstone."""
    is_due = status == "due"
    return {
        "erasure_id": ERASURE_ID,
        "partner": "acme",
        "project": "dev",
        "user_key": KEY,
        "treatment": treatment,
        "status": status,
        "claim": "1",
        "previous_cut_off": datetime(1, 1, 1, tzinfo=UTC),
        "cut_off": NOW - GRACE,
        "copy_salt": "1",
        "executed_at": None if is_due else NOW - DAY,
    }


ERASURE: Mapping[str, Any] = {
    "erasure_id": ERASURE_ID,
    "partner": "acme",
    "project": "dev",
    "source": "api",
    "mode": "grace",
    "treatment": "delete",
    "status": "hidden",
    "cut_off": NOW,
    "due_at": NOW,
    "executed_at": None,
    "expires_at": NOW + TOMBSTONE,
    "hidden": 1,
    "due": 0,
    "executed": 0,
    "restored": 1,
    "on_hold": 0,
}
HOLD: Mapping[str, Any] = {
    "hold_id": ERASURE_ID,
    "partner": "acme",
    "project": "dev",
    "reason": "a lawsuit",
    "filed_at": NOW,
    "filed_by": OFFICER,
    "until": NOW + DAY,
    "released_at": None,
    "user_keys": 1,
}
NO_WORK = Work(0, 0, 0, 0, 0, 0, None, None, 0, None)


def ran(job: str, days_ago: int = 0) -> Mapping[str, Any]:
    """Return a row of ``find_news``: a run of the job began `days_ago` days and an hour ago."""
    return {"moment": NOW - timedelta(days=days_ago, hours=1), "job": job, "day": None}


def noted(day: datetime) -> Mapping[str, Any]:
    """Return a row of ``find_news``: rows came late to this day."""
    return {"moment": NOW, "job": None, "day": day.date(), "reason": "late"}


def due(*treatments: str) -> Callable[[Sequence[Call]], list[Mapping[str, Any]]]:
    """Return a function that makes rows of ``find_scopes`` for erasures that the sweep claimed."""

    def make(calls: Sequence[Call]) -> list[Mapping[str, Any]]:
        [claim] = [call.parameters["claim"] for call in calls if call.name == "claim_due_erasures"]
        return [{**scope(treatment, "due"), "claim": claim} for treatment in treatments]

    return make


def refreshed(last: datetime) -> list[Mapping[str, Any]]:
    """Return rows of ``find_news``: when each day was refreshed, if nothing came late.

    A day is refreshed until no more events can arrive on time, and once more when it leaves the
    open window.

    Args:
        last: when the last refresh began (UTC).
    """
    found: list[Mapping[str, Any]] = []
    for day in EVERY_DAY:
        final = day + (OPEN_WINDOW_DAYS + 1) * DAY + timedelta(seconds=20)
        over = day + 2 * DAY + timedelta(seconds=20)
        moment = final if final <= last else min(over, last)
        found.append({"moment": moment, "job": "refresh", "day": day.date(), "reason": None})
    return found


def active(days: Sequence[datetime]) -> list[Mapping[str, Any]]:
    """Return rows of ``find_days_in_scope``: people were active on these days."""
    return [{"day": day} for day in days]


def in_scope(
    days: Sequence[datetime], *changes: str, status: str = "due"
) -> list[Mapping[str, Any]]:
    """Return rows of ``count_in_scope``: there are events in scope on these days."""
    return [
        {
            "erasure_id": ERASURE_ID,
            "claim": "1",
            "status": status,
            "what": change,
            "number": 1,
            "latest": NOW,
            "stored_before": 0,
            "days": [day.date() for day in days],
        }
        for change in changes
    ]


TOMBSTONES = [scope("anonymise", "executed"), scope("delete", "executed")]
EVERY_DAY = [TODAY - days * DAY for days in range(RETENTION_DAYS + 1)]
THIRTY_DAYS = EVERY_DAY[28:208:6]
"""The 30 days, all before the cut-off, on which one person was active."""
RAN = [
    ran("sweep"),
    ran("full_sweep"),
    ran("settle", 1),
    ran("unfiled", 1),
    *refreshed(NIGHT),
]
IDENTITIES: Mapping[str, Any] = {
    "erasure_id": ERASURE_ID,
    "claim": "1",
    "status": "due",
    "what": "identities_erased",
    "number": 1,
    "latest": NOW,
}
ANSWERS: Answers = {
    "count_events": [
        {"own_rows": 0, "room_rows": 0, "days": 0, "first_day": None, "last_day": None}
    ],
    "count_identities": [{"identities": 0}],
    "find_earlier_cut_off": [{"since": None, "erasure_ids": None}],
    "find_owners": [{"partner": "acme"}],
    "find_same_hold": [HOLD],
    "find_news": RAN,
    "find_work": [NO_WORK._asdict()],
    "list_erasures": [ERASURE],
    "list_holds": [HOLD],
}
GRACE_OVER: Answers = {
    "find_work": [NO_WORK._replace(waiting_since=NOW - DAY, cut_off=NOW - GRACE)._asdict()]
}
CAME_BACK: Answers = {"find_earlier_cut_off": [{"since": NOW - GRACE, "erasure_ids": [ERASURE_ID]}]}
"""The person has an earlier erasure of the same kind."""
