"""The days on which a sweep searches the tables for events in scope.

While an erasure is being executed, a sweep searches the days on which the people were active, the
days around the cut-off, and the days whose newest events may still be missing in active days.

After the execution, an event in scope can be stored in two cases only. In the first case, an event
comes late, and load notes its day. In the second case, an event is received shortly before the
cut-off and stored shortly after it, so that the execution of an immediate erasure may miss it.
Therefore, later sweeps search the noted days, and the days around recent cut-offs. Usually no day
has to be searched.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from functions.privacy.erasures.scope import Scopes
from functions.warehouse.days import DAY, each_day
from functions.warehouse.late_days import LATE, OVERLAP, on_time_from
from functions.warehouse.schema import OPEN_WINDOW_DAYS


class SearchedDays(NamedTuple):
    """The days (UTC) that a sweep searches.

    Attributes:
        for_scope: the days to search for chat events in scope.
        for_rooms: the days to search for room events in scope, and for speakers in scope. Active
            days do not show which days these are, because they are made from chat events only.
        for_copies: the days to which later copies of events in scope may have come. A later copy
            is a copy that was received after the cut-off.
        are_all: whether `for_scope` has every day on which a stored event can be in scope.
    """

    for_scope: frozenset[date]
    for_rooms: frozenset[date]
    for_copies: frozenset[date]
    are_all: bool

    def with_copies(self, scopes: Scopes) -> set[date]:
        """Return the days (UTC) to search for later copies of events in scope.

        A later copy was received after the cut-off, at most `OPEN_WINDOW_DAYS` days after the
        event.

        Args:
            scopes: the scopes of all erasures.
        """
        window = range(OPEN_WINDOW_DAYS + 1)
        cut_offs = {scope.cut_off.date() for scope in scopes}
        after_cut_offs = {day + number * DAY for day in cut_offs for number in window}
        after_searched = {day + number * DAY for day in self.for_scope for number in window}
        last = max(self.for_copies)
        days = after_cut_offs & (self.for_copies | after_searched)
        return {day for day in days if day <= last}

    def with_active(self, active: Collection[date], first: date, scopes: Scopes) -> "SearchedDays":
        """Return these days and the days that must be searched while erasures are being executed.

        For chat events, the added days are `active` and the days around the cut-offs. For room
        events and later copies, all days are added.

        Args:
            active: the days (UTC) on which the people may have been active. The days of the
                cut-offs may be missing, because this method adds them.
            first: the first day (UTC) that may have stored events.
            scopes: the scopes of all erasures.
        """
        every = frozenset(each_day(first, max(self.for_copies)))
        days = {day for scope in scopes.due() for day in _around(scope.cut_off)}
        return self._replace(
            for_scope=self.for_scope | (every & days.union(active)),
            for_rooms=every,
            for_copies=every,
        )


def all_days(first: date, now: datetime) -> SearchedDays:
    """Return every day from `first` to the newest day that can have events.

    Args:
        first: the first day (UTC) that may have stored events in scope.
        now: the current time (UTC).
    """
    days = frozenset(each_day(first, _last(now)))
    return SearchedDays(days, days, days, are_all=True)


def days_with_news(
    scopes: Scopes, late: Collection[date], since: datetime, now: datetime
) -> SearchedDays:
    """Return the days to which events in scope may have come since the last finished sweep.

    Args:
        scopes: the scopes of all erasures.
        late: the days (UTC) that were noted since the last finished sweep, because rows came late.
        since: when the last finished sweep began (UTC).
        now: the current time (UTC).
    """
    last = _last(now)
    days = {day for day in late if day <= last}
    for cut_off in {scope.cut_off for scope in scopes}:
        if cut_off >= since - LATE - OVERLAP:
            days.update(_around(cut_off))
    searched, new = frozenset(days), frozenset(each_day(min(on_time_from(since), last), last))
    return SearchedDays(searched, searched, new, are_all=False)


def _around(cut_off: datetime) -> list[date]:
    """Return the days (UTC) whose events may be received before a cut-off and stored after it.

    Days with late events are left out, because load notes them.
    """
    return each_day(on_time_from(cut_off), cut_off.date())


def _last(now: datetime) -> date:
    """Return the newest day (UTC) that can have events.

    It may be tomorrow, because the clocks of other instances may be ahead.
    """
    return (now + OVERLAP).date()
