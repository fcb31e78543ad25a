"""Checks that no data is kept for longer than promised. A sweep runs this check once a day."""

from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
from starlette.responses import Response

from functions.google.storage import BucketUnavailable, CloudStorage, Stored
from functions.observe.log import log
from functions.privacy import periods
from functions.privacy.inventory import InventoryEntry, list_inventory, list_limits
from functions.privacy.requests.request import PrivacyRequest
from functions.retained.quarantine import ON_HOLD
from functions.warehouse.ledger import Ledger
from functions.warehouse.schema import EXTRA_DAYS
from functions.warehouse.statements import StatementFailed, Statements

CHECKED_EVERY = timedelta(hours=23)
"""A sweep repeats the check if the last check began this long ago. The time is an hour less than a
day, because a sweep may begin at an earlier minute of its hour than the sweep of the day before."""

TOLERANCE = timedelta(days=1)
"""The check accepts that data is deleted this much later than promised. BigQuery deletes whole days
at a time, and Cloud Storage applies its lifecycle rules about once a day."""

DUE_ERASURES = "erasures that are due"
"""The place in the report that stands for erasures that should have been executed by now."""

State = Literal["ok", "late", "unknown"]


class PlaceRetention(msgspec.Struct, frozen=True):
    """The result of checking whether a place keeps data for longer than promised.

    Attributes:
        place: a table, a column, or a prefix of the bucket; or `DUE_ERASURES`.
        days: the limit in days; None if there is no common limit for all rows.
        state: ``ok``; ``late`` if the place keeps data for too long; ``unknown`` if the place could
            not be checked.
        overdue: how many rows or objects are too old; None if unknown.
        oldest: the time (UTC) of the oldest of these rows or objects; None if there are none, or if
            the time is unknown. An event was received at this time, an identity was last seen, an
            object was written, and the limit of an erasure or a hold ended.
    """

    place: str
    days: int | None
    state: State
    overdue: int | None = 0
    oldest: datetime | None = None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The result of checking every place.

    Attributes:
        ok: False if any place keeps data for too long, or could not be checked.
        asked_at: when the check began (timezone-aware).
        places: the result of each place.
    """

    ok: bool
    asked_at: datetime
    places: list[PlaceRetention]

    @property
    def late(self) -> dict[str, int | None]:
        """The number of rows or objects that are too old, by place."""
        return {place.place: place.overdue for place in self.places if place.state == "late"}

    @property
    def unknown(self) -> list[str]:
        """The places that could not be checked."""
        return [place.place for place in self.places if place.state == "unknown"]


@dataclass(frozen=True, slots=True)
class Retention:
    """Checks how long data is kept.

    Args:
        statements: runs the statements of ``sql/privacy``.
        ledger: records the daily checks.
        objects: the bucket's objects.
        overdue_on_hold: returns the objects below ``on_hold/`` whose hold had ended by a given time
            (timezone-aware).
        now: returns the current time (timezone-aware).
        retention_days: the number of days for which events are kept.
    """

    statements: Statements
    ledger: Ledger
    objects: CloudStorage
    overdue_on_hold: Callable[[datetime], Awaitable[list[Stored]]]
    _: KW_ONLY
    now: Callable[[], datetime]
    retention_days: int

    async def ask(self, request: PrivacyRequest) -> Response:
        """``GET /retention``: checks every place, and answers with the result.

        Only operators may ask, because the report counts the rows of all partners.

        Raises:
            ProblemError: the caller is not an operator (403).
        """
        request.caller.must_be_operator()
        checked = await self.check()
        return Response(msgspec.json.encode(checked), media_type="application/json")

    async def check_daily(self) -> Checked | None:
        """Check every place, at most once a day.

        Returns:
            The result; None if the last recorded check began less than `CHECKED_EVERY` ago. A check
            is not recorded if the state of a place is ``unknown``, so that the next sweep checks
            again. If the ledger does not answer, the failed statement is a place of the result,
            with the state ``unknown``.
        """
        now = self.now()
        places: list[PlaceRetention] = []
        try:
            checked_at = (await self.ledger.news(now)).runs.get("retention")
            if checked_at and checked_at > now - CHECKED_EVERY:
                return None
            checked = await self.check()
            places += checked.places
            if not checked.unknown:
                today = now.astimezone(UTC).date()
                oldest = today - timedelta(days=self.retention_days)
                await self.ledger.record("retention", now, self.now(), oldest, today)
        except StatementFailed as failure:
            places.append(_unknown(failure.statement))
            return Checked(ok=False, asked_at=now, places=places)
        return checked

    async def check(self) -> Checked:
        """Check every place, and log the result. An alert reads `places_late` in the log line."""
        now = self.now()
        places = [*await self._tables(now), *await self._prefixes(now)]
        checked = Checked(
            ok=all(place.state == "ok" for place in places), asked_at=now, places=places
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
            place: limit.days for place, limit in list_limits(self.retention_days).items()
        }
        limits[DUE_ERASURES] = None
        try:
            rows = await self.statements.rows(
                "find_overdue",
                # One more day: BigQuery deletes the rows of a day together, when the newest one is
                # old enough.
                stored_since=now - stored - timedelta(days=1) - TOLERANCE,
                extra_since=now - timedelta(days=EXTRA_DAYS + 1) - TOLERANCE,
                due_since=now - TOLERANCE,
                holds_over_since=now - periods.RELEASED_HOLD - TOLERANCE,
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
        """Return the objects of a prefix that should have been deleted before the time `at`."""
        if entry.place == ON_HOLD:
            return await self.overdue_on_hold(at)
        if entry.kept is None:
            return []
        objects = await self.objects.find(entry.place)
        return [stored for stored in objects if stored.written_at < at - entry.kept]


def _unknown(place: str) -> PlaceRetention:
    return PlaceRetention(place, None, "unknown", None)


def _days(entry: InventoryEntry) -> int | None:
    return entry.kept.days if entry.kept is not None else None
