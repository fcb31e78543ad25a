"""Stand-ins for what operate calls, which can be told to fail."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from functions.acceptance.partners import Directory, Partner, PartnersUnavailable
from functions.events.attributes import Attributes
from functions.events.message import Message
from functions.google.subscription import Letter, SubscriptionUnavailable
from functions.retained import spill
from functions.warehouse.statements import StatementFailed

WRITTEN_AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


def message(number: int, day: str = "2026-11-22") -> Message:
    """An event as the receiver would have published it."""
    received_at = f"{day}T09:59:59.123456Z"
    attributes = Attributes(f"id-{number}", received_at, "chat", "acme", "acme-prod", "emoji_sent")
    return Message(f'{{"event": "emoji_sent", "n":{number} }}'.encode(), attributes)


def spilled(*messages: Message) -> bytes:
    """The content of an object in the spill."""
    return spill.encode(spill.Spilled(each.data, each.attributes.to_mapping()) for each in messages)


class Partners:
    """The partners of now; None where the secret cannot be read."""

    def __init__(self) -> None:
        self.projects: dict[str, str] | None = {"acme-prod": "eu", "acme-us": "us"}

    async def current(self) -> Directory:
        if self.projects is None:
            raise PartnersUnavailable
        return Directory({"acme": Partner(("0" * 64,), self.projects)})


class Letters:
    """A subscription in memory: what is pulled comes again only after it was given back."""

    def __init__(self) -> None:
        self.waiting: list[Letter] = []
        self.leased: list[Letter] = []
        self.given_back: list[Letter] = []
        self.failing: set[str] = set()
        self.batch = 100
        self.then: Callable[[], None] = lambda: None
        self.empty_pulls = 0

    def put(self, *messages: Message, **added: str) -> None:
        for each in messages:
            self.put_raw(each.data, each.attributes.to_mapping() | added)

    def put_raw(self, data: bytes, attributes: dict[str, str]) -> None:
        number = len(self.waiting)
        self.waiting.append(Letter(f"ack-{number}", f"message-{number}", data, attributes))

    async def pull(self) -> list[Letter]:
        self._check("pull")
        if self.empty_pulls:
            self.empty_pulls -= 1
            return []
        pulled, self.waiting = self.waiting[: self.batch], self.waiting[self.batch :]
        self.leased += pulled
        self.then()
        return pulled

    async def acknowledge(self, letters: Sequence[Letter]) -> None:
        self._check("acknowledge")
        assert letters, "Pub/Sub refuses a request without ids"
        self._part(letters)

    async def give_back(self, letters: Sequence[Letter]) -> None:
        self._check("give_back")
        self.given_back += letters
        self.waiting += self._part(letters)

    def _part(self, letters: Sequence[Letter]) -> list[Letter]:
        """Lease some no longer; as in Pub/Sub, nothing but the delivery's id tells which."""
        ids = {each.ack_id for each in letters}
        parted = [each for each in self.leased if each.ack_id in ids]
        self.leased = [each for each in self.leased if each.ack_id not in ids]
        return parted

    def _check(self, action: str) -> None:
        if action in self.failing:
            raise SubscriptionUnavailable


def ran(job: str, at: datetime) -> dict[str, Any]:
    """A row of ``find_news``: when the last run of a job began."""
    return {"moment": at, "job": job, "day": None, "reason": None}


def noted(day: date, at: datetime, reason: str = "late") -> dict[str, Any]:
    """A row of ``find_news``: when a day was noted last."""
    return {"moment": at, "job": None, "day": day, "reason": reason}


class Store:
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

    async def days(self, name: str, **moments: datetime) -> list[datetime]:
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
