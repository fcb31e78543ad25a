"""Stand-ins for what operate calls, which can be told to fail."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from functions.events.attributes import Attributes
from functions.events.message import Message
from functions.retained import spill
from functions.warehouse.statements import StatementFailed, Statements

WRITTEN_AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


def message(number: int, day: str = "2026-11-22") -> Message:
    """An event as the receiver would have published it."""
    received_at = f"{day}T09:59:59.123456Z"
    attributes = Attributes(f"id-{number}", received_at, "chat", "acme", "acme-prod", "emoji_sent")
    return Message(f'{{"event": "emoji_sent", "n":{number} }}'.encode(), attributes)


def spilled(*messages: Message) -> bytes:
    """The content of an object in the spill."""
    return spill.encode(
        spill.Spilled(message.data, message.attributes.to_mapping()) for message in messages
    )


def ran(job: str, at: datetime) -> dict[str, Any]:
    """A row of ``find_news``: when the last run of a job began."""
    return {"moment": at, "job": job, "day": None, "reason": None}


def noted(day: date, at: datetime, reason: str = "late") -> dict[str, Any]:
    """A row of ``find_news``: when a day was noted last."""
    return {"moment": at, "job": None, "day": day, "reason": reason}


class Store(Statements):
    """Notes the statements that it is to run; each changes one row, unless told to fail.

    Attributes:
        news: the rows that ``find_news`` returns.
        recorded: the runs that the ledger has records of: job, first day, day after the last.
        started_at: when each of them began.
        noted: the reason and the days of each note.
    """

    def __init__(self) -> None:
        self.news: list[dict[str, Any]] = []
        self.recorded: list[tuple[str, str, str]] = []
        self.started_at: list[datetime] = []
        self.noted: list[tuple[str, list[str]]] = []
        self.found: dict[str, list[datetime]] = {}
        self.asked: list[tuple[str, dict[str, datetime]]] = []
        self.changed: list[tuple[str, str]] = []
        self.given: list[tuple[str, dict[str, datetime]]] = []
        self.failing: set[str] = set()
        self.then: Callable[[], None] = lambda: None

    async def days(self, name: str, **moments: Any) -> list[datetime]:
        self._check(name)
        self.asked.append((name, moments))
        return self.found.pop(name, [])

    async def rows(self, name: str, **parameters: Any) -> list[Any]:
        self._check(name)
        return self.news

    async def change(self, name: str, **moments: Any) -> int:
        self._check(name)
        if name == "record_run":
            first, end = moments["first"], moments["end"]
            self.recorded.append((moments["job"], f"{first:%m-%d}", f"{end:%m-%d}"))
            self.started_at.append(moments["started_at"])
            return 1
        if name == "note_days":
            self.noted.append((moments["reason"], moments["days"]))
            return 1
        self.given.append((name, moments))
        day = moments.get("day") or moments.get("first") or moments["first_week"]
        self.changed.append((name, f"{day:%m-%d}"))
        self.then()
        return 1

    def _check(self, name: str) -> None:
        if name in self.failing:
            raise StatementFailed(name, "ServiceUnavailable")
