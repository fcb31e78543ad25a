"""Events, rows of the ledger, and records of statements for the tests of `operate`."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from functions.events.attributes import Attributes
from functions.events.message import Message
from functions.retained import spill
from tests.fakes.statements import Run, Statements

WRITTEN_AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


def message(number: int, day: str = "2026-11-22") -> Message:
    """Return an event as `receive` would have published it."""
    received_at = f"{day}T09:59:59.123456Z"
    attributes = Attributes(f"id-{number}", received_at, "chat", "acme", "acme-prod", "emoji_sent")
    return Message(f'{{"event": "emoji_sent", "n":{number} }}'.encode(), attributes)


def spilled(*messages: Message) -> bytes:
    """Return the content of an object in the spill."""
    return spill.encode(
        spill.Spilled(message.data, message.attributes.to_mapping()) for message in messages
    )


def ran(job: str, at: datetime) -> dict[str, Any]:
    """Return a row of ``find_news``: when the last run of a job began."""
    return {"moment": at, "job": job, "day": None, "reason": None}


def refreshed(days: Iterable[date], at: datetime) -> list[dict[str, Any]]:
    """Return rows of ``find_news``: when the last refresh of some days began."""
    return [{"moment": at, "job": "refresh", "day": day, "reason": None} for day in days]


def noted(day: date, at: datetime, reason: str = "late") -> dict[str, Any]:
    """Return a row of ``find_news``: when a day was noted last."""
    return {"moment": at, "job": None, "day": day, "reason": reason}


def recorded(statements: Statements) -> list[tuple[str, str, str]]:
    """Return the runs in the ledger: the job, the first day, and the day after the last."""
    return [
        (str(run["job"]), f"{run['first']:%m-%d}", f"{run['end']:%m-%d}")
        for name, run in statements.changes
        if name == "record_run"
    ]


def changed(statements: Statements) -> list[tuple[str, str]]:
    """Return the changes of tables other than the ledger's, each with its first day."""
    return [
        (name, f"{moments.get('day') or moments.get('first') or moments['first_week']:%m-%d}")
        for name, moments in statements.changes
        if name not in {"note_days", "record_run"}
    ]


def searches(statements: Statements) -> list[Run]:
    """Return the queries of tables other than the ledger's."""
    return [run for run in statements.queries if run[0] != "find_news"]
