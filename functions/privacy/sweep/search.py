"""Decides on which days a sweep searches for events in scope, and records which days it searched.

A sweep searches all days in five cases: no earlier sweep has finished; tables were restored; rows
that an earlier sweep has left may be in scope now; another sweep began an execution and did not
finish it; the last search of all days was a week ago. In all other cases, a sweep searches only the
days to which events may have come since the last sweep. While erasures are being executed, the
sweep also searches the days on which the people were active.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from functions.privacy.erasures.restored_tables import Restored
from functions.privacy.erasures.scope import Scopes
from functions.privacy.erasures.searched_days import SearchedDays, all_days, days_with_news
from functions.privacy.periods import REMEMBERED, TOMBSTONE
from functions.privacy.sweep.work import Work
from functions.warehouse.days import DAY, each_day, midnight
from functions.warehouse.late_days import OVERLAP, on_time_from
from functions.warehouse.ledger import Ledger, News
from functions.warehouse.rollups import find_days
from functions.warehouse.schema import OPEN_WINDOW_DAYS

FULL_EVERY = timedelta(days=7)
"""A sweep searches all days again if the last search of all days began this long ago."""

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
"""A time before any row was stored."""


class Seen(NamedTuple):
    """What a sweep has read before it changes anything.

    Attributes:
        at: when the sweep began to read (UTC).
        work: how many erasures are due, and other work.
        news: the last runs of jobs, and the days that are noted.
        claim: the id that the sweep gives to the erasures that it begins to execute.
    """

    at: datetime
    work: Work
    news: News
    claim: str


class Chosen(NamedTuple):
    """The days that a sweep searches.

    Attributes:
        days: the days to search.
        stored_before: if a late event was stored before this time (UTC), an earlier sweep should
            have erased it.
    """

    days: SearchedDays
    stored_before: datetime


class Search:
    """Chooses the days that a sweep searches, notes changed days, and records finished sweeps.

    Args:
        ledger: has the noted days and the times of finished sweeps.
        retention_days: the number of days for which events are kept.
    """

    def __init__(self, ledger: Ledger, retention_days: int) -> None:
        self._ledger = ledger
        self._retention = (retention_days + 1) * DAY

    def oldest(self, now: datetime) -> datetime:
        """Return a time (UTC) before which no stored event was received."""
        return now - self._retention

    async def news(self, now: datetime) -> News:
        """Return the last runs of jobs, and the days that are noted.

        Args:
            now: the current time (timezone-aware).

        Raises:
            StatementFailed: the ledger could not be read.
        """
        return await self._ledger.news(now)

    def choose(
        self,
        scopes: Scopes,
        seen: Seen,
        restored: Restored | None,
        now: datetime,
        active: Collection[date],
    ) -> Chosen:
        """Choose the days that a sweep searches.

        Args:
            scopes: the scopes of all erasures.
            seen: what the sweep has read before it changed anything.
            restored: the restoration of tables that the caller reported; None if there is none.
            now: when the sweep began (UTC).
            active: the active days (UTC) of the people whose erasures are being executed.
        """
        since, full_since = last_sweep(seen.news), seen.news.runs.get("full_sweep")
        if since is None or restored or may_have_old_rows(scopes, seen.work, since):
            return Chosen(self._all_days(scopes, now), BEFORE_ALL)
        is_continued = any(scope.claim != seen.claim for scope in scopes.due())
        if is_continued or full_since is None or full_since <= now - FULL_EVERY:
            return Chosen(self._all_days(scopes, now), since - OVERLAP)
        days = days_with_news(scopes, seen.news.late_days(since), since, now)
        if scopes.due():
            first = self.oldest(now).date()
            unknown = days_unknown_to_active_days(seen.news, first, now)
            days = days.with_active(unknown.union(active), first, scopes)
        return Chosen(days, since - OVERLAP)

    async def note_changes(
        self, erased: Iterable[date], with_copies: Iterable[date], now: datetime
    ) -> None:
        """Note days whose events a sweep is about to change, so that a refresh counts them again.

        Days in the open window are always noted. Older days are noted only if copies are deleted
        from them, because erasing people does not change the counts of older days.

        Args:
            erased: the days (UTC) of events in scope.
            with_copies: the days (UTC) that may have later copies of events in scope.
            now: the current time (UTC).

        Raises:
            StatementFailed: it is unknown whether the days are noted.
        """
        open_from = now.date() - OPEN_WINDOW_DAYS * DAY
        days = {*with_copies, *(day for day in erased if day >= open_from)}
        await self._ledger.note(days, "changed", now)

    async def note_restored(self, restored: Restored, now: datetime) -> None:
        """Note the days to which a restoration of tables may bring back rows that jobs deleted.

        Args:
            restored: the restoration of tables that the caller reported.
            now: the current time (UTC).

        Raises:
            StatementFailed: it is unknown whether the days are noted.
        """
        first = restored.to.date() - (OPEN_WINDOW_DAYS + 2) * DAY
        await self._ledger.note(each_day(first, now.date()), "late", now)

    async def record(self, days: SearchedDays, began_at: datetime, done_at: datetime) -> None:
        """Record that a sweep has finished.

        Args:
            days: the days that the sweep searched.
            began_at: when the sweep began (UTC).
            done_at: when the sweep ended (UTC).

        Raises:
            StatementFailed: it is unknown whether the sweep is recorded. If it is not, the next
                sweep searches the same days again.
        """
        today = began_at.date()
        if days.are_all:
            first = min(days.for_scope)
            await self._ledger.record("full_sweep", began_at, done_at, first, today)
        else:
            await self._ledger.record("sweep", began_at, done_at, today, today)

    def _all_days(self, scopes: Scopes, now: datetime) -> SearchedDays:
        """Return every day on which a stored event can be in scope.

        If no erasure is being executed, only late events can be in scope, and they were received
        at most `REMEMBERED` ago. But after a legal hold or a repeated request, a tombstone may be
        older than `TOMBSTONE`. Then late events may also be older.
        """
        waited = any(scope.executed_at and scope.executed_at < now - TOMBSTONE for scope in scopes)
        age = self._retention if waited or scopes.due() else REMEMBERED
        return all_days((midnight(now.date()) - min(age, self._retention)).date(), now)


def last_sweep(news: News) -> datetime | None:
    """Return when the last finished sweep began (UTC); None if no sweep has finished."""
    runs = (news.runs.get("sweep"), news.runs.get("full_sweep"))
    return max((ran_at for ran_at in runs if ran_at), default=None)


def days_unknown_to_active_days(news: News, first: date, now: datetime) -> frozenset[date]:
    """Return the days (UTC) on which a person may have events but no row in active days.

    These are the days to which events may have come since active days were last refreshed, and the
    days to which events may have come since the last run of `settle`. Until `settle` runs, a later
    copy of an event may be stored on another day than the first copy, but active days are made from
    the first copy only. If `settle` has never run, all days are returned.

    Args:
        news: the last runs of jobs, and the days that are noted.
        first: the first day (UTC) that may have stored events.
        now: the current time (UTC).
    """
    changed = find_days(news, now, first).changed
    settled_at = news.runs.get("settle")
    if settled_at is None:
        return frozenset(each_day(first, now.date()))
    late = news.late_days(settled_at)
    window = range(OPEN_WINDOW_DAYS + 1)
    after_late = {day + number * DAY for day in late for number in window if day <= now.date()}
    return changed.union(each_day(on_time_from(settled_at), now.date()), after_late)


def may_have_old_rows(scopes: Scopes, work: Work, since: datetime) -> bool:
    """Return whether rows that an earlier sweep has left may be in scope now.

    That is so if a legal hold ended, or if a repeated request moved the cut-off of an executed
    erasure.

    Args:
        scopes: the scopes of all erasures.
        work: what the sweep has to do.
        since: when the last finished sweep began (UTC).
    """
    if work.hold_ended_at and work.hold_ended_at >= since - OVERLAP:
        return True
    return any(
        scope.executed_at and scope.executed_at < scope.cut_off >= since - OVERLAP
        for scope in scopes
    )
