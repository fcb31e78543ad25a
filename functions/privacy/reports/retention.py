"""What is held for longer than is promised (storage limitation); every sweep asks for it."""

from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from starlette.responses import Response

from functions.google.protocols import Objects
from functions.google.storage import BucketUnavailable, Stored
from functions.observe.log import log
from functions.privacy import periods
from functions.privacy.inventory import InventoryEntry, list_inventory
from functions.privacy.requests.request import PrivacyRequest
from functions.retained.quarantine import ON_HOLD
from functions.warehouse.protocols import Statements
from functions.warehouse.schema import EXTRA_DAYS
from functions.warehouse.statements import StatementFailed

TOLERANCE = timedelta(days=1)
"""Nothing goes to the minute: partitions are whole days, and buckets are cleaned once a day."""

State = Literal["ok", "late", "unknown"]


class PlaceRetention(msgspec.Struct, frozen=True):
    """Whether a place keeps what is promised of it.

    Attributes:
        place: a table, a column, or a prefix of the bucket.
        days: for which it may keep; None where each row says itself until when.
        state: ``unknown`` is what could not be asked; nobody may take it for a success.
        overdue: rows or objects that are older; None where that is not known.
        oldest: since when the oldest of them is there or should be gone (UTC).
    """

    place: str
    days: int | None
    state: State
    overdue: int | None = 0
    oldest: datetime | None = None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found.

    Attributes:
        ok: whether every place keeps what is promised of it.
        asked_at: when it was asked.
        places: every place.
    """

    ok: bool
    asked_at: datetime
    places: list[PlaceRetention]

    @property
    def late(self) -> dict[str, int | None]:
        """How many rows or objects are older than promised, by place."""
        return {kept.place: kept.overdue for kept in self.places if kept.state == "late"}

    @property
    def unknown(self) -> list[str]:
        """The places that could not be asked."""
        return [kept.place for kept in self.places if kept.state == "unknown"]


@dataclass(frozen=True, slots=True)
class Retention:
    """Checks what is kept, and for how long.

    Args:
        statements: of ``sql/privacy``.
        objects: the bucket's.
        overdue_on_hold: returns what no legal hold kept any more at a moment, with an offset.
        now: the clock, with an offset.
        retention_days: for which events are kept.
    """

    statements: Statements
    objects: Objects
    overdue_on_hold: Callable[[datetime], Awaitable[list[Stored]]]
    _: KW_ONLY
    now: Callable[[], datetime]
    retention_days: int

    async def ask(self, request: PrivacyRequest) -> Response:
        """``GET /retention``: report on every place.

        It is the matter of operators, for it counts all partners' rows.

        Raises:
            ProblemError: the caller is no operator.
        """
        request.caller.must_be_operator()
        checked = await self.check()
        return Response(msgspec.json.encode(checked), media_type="application/json")

    async def check(self) -> "Checked":
        """Look at every place, and log what is found: an alert goes by the line's `places_late`."""
        now = self.now()
        places = [*await self._tables(now), *await self._prefixes(now)]
        checked = Checked(
            ok=all(kept.state == "ok" for kept in places), asked_at=now, places=places
        )
        log(
            "INFO" if checked.ok else "WARNING",
            "retention checked",
            ok=checked.ok,
            late=checked.late,
            unknown=checked.unknown,
            places_late=len(checked.late),
        )
        return checked

    async def _tables(self, now: datetime) -> list[PlaceRetention]:
        stored = timedelta(days=self.retention_days)
        limits: dict[str, int | None] = {
            "events_v1": stored.days,
            "events_v1.extra": EXTRA_DAYS,
            "identities_v1": stored.days,
            "erasures_v1": periods.TOMBSTONE.days,
            "erasures that are due": None,
            "holds_v1": periods.RELEASED_HOLD.days,
        }
        try:
            rows = await self.statements.rows(
                "find_overdue",
                # A partition goes when its whole day is old enough.
                stored_since=now - stored - timedelta(days=1) - TOLERANCE,
                extra_since=now - timedelta(days=EXTRA_DAYS + 1) - TOLERANCE,
                due_since=now - TOLERANCE,
                held_since=now - periods.RELEASED_HOLD - TOLERANCE,
            )
        except StatementFailed:
            return [PlaceRetention(place, days, "unknown", None) for place, days in limits.items()]
        late = {row["place"]: row for row in rows}
        return [
            PlaceRetention(place, days, "late", late[place]["overdue"], late[place]["oldest"])
            if place in late
            else PlaceRetention(place, days, "ok")
            for place, days in limits.items()
        ]

    async def _prefixes(self, now: datetime) -> list[PlaceRetention]:
        return [
            await self._prefix(entry, now) for entry in list_inventory() if entry.kind == "prefix"
        ]

    async def _prefix(self, entry: InventoryEntry, now: datetime) -> PlaceRetention:
        try:
            late = [stored.written_at for stored in await self._late(entry, now - TOLERANCE)]
        except (BucketUnavailable, StatementFailed):
            return PlaceRetention(entry.place, _days(entry), "unknown", None)
        if not late:
            return PlaceRetention(entry.place, _days(entry), "ok")
        return PlaceRetention(entry.place, _days(entry), "late", len(late), min(late))

    async def _late(self, entry: InventoryEntry, at: datetime) -> list[Stored]:
        """Return the objects of a prefix that should be gone at a moment."""
        if entry.place == ON_HOLD:
            return await self.overdue_on_hold(at)
        if entry.kept is None:
            return []
        objects = await self.objects.find(entry.place)
        return [stored for stored in objects if stored.written_at < at - entry.kept]


def _days(entry: InventoryEntry) -> int | None:
    return entry.kept.days if entry.kept is not None else None
