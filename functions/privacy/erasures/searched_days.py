"""The days on which a sweep searches the tables for events in scope.

While an erasure is being executed, these are the days on which its people were active, the days
around its cut-off, and the days with events that may be missing in active days.

After the execution, an event in scope can be stored in two cases only. In the first case, the event
comes late, and load notes its day. In the second case, the erasure was immediate, and the event was
received shortly before the cut-off and stored shortly after the cut-off. So a sweep searches the
noted days, and the days around recent cut-offs. Usually there are no such days.
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
        for_scope: the days that are searched for chat events in scope.
        for_rooms: the days that are searched for room events in scope, and for speakers in scope.
            Active days do not help here: they are made from chat events only.
        for_copies: the days on which a sender may have sent an event in scope again, after the
            cut-off.
        are_all: whether `for_scope` has every day on which a stored event can be in scope.
    """

    for_scope: frozenset[date]
    for_rooms: frozenset[date]
    for_copies: frozenset[date]
    are_all: bool

    def with_copies(self, scopes: Scopes) -> set[date]:
        """Return the days to search for later copies of events in scope.

        A later copy is received at most `OPEN_WINDOW_DAYS` days after the event.

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
        """Return these days, and the days to search because erasures are being executed.

        The people's active days are added, and the days around the cut-offs of these erasures. Room
        events and copies are searched for on all days.

        Args:
            active: the days on which the people may have been active. The day of a cut-off may be
                missing: if the day was refreshed before the erasure was filed, its row in active
                days stands for events before and after the cut-off, and is not in scope.
            first: no stored event was received before this day (UTC).
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
    """Return every day from the first to the newest one that can have events.

    Args:
        first: no stored event in scope was received before this day (UTC).
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
        late: the days that were noted since that sweep because rows came late (UTC).
        since: when that sweep began (UTC).
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
    """Return the days (UTC) of events that were received before a cut-off and stored after it.

    Late events are left out: load notes their days.
    """
    return each_day(on_time_from(cut_off), cut_off.date())


def _last(now: datetime) -> date:
    """Return the newest day that can have events: today, or tomorrow if a clock may be ahead."""
    return (now + OVERLAP).date()
