"""Functions for UTC days, by which tables are partitioned and rollups count."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

DAY = timedelta(days=1)


def midnight(day: date) -> datetime:
    """Return the first moment of a UTC day."""
    return datetime.combine(day, time(), UTC)


def each_day(first: date, last: date) -> list[date]:
    """Return all days from the first to the last; none if the last is before the first."""
    return [first + number * DAY for number in range((last - first).days + 1)]


def ranges(days: Iterable[date], at_most: int | None = None) -> list[tuple[datetime, datetime]]:
    """Group days into stretches of consecutive days, the oldest first.

    Args:
        days: UTC days, in any order.
        at_most: the maximum number of stretches; None for no maximum. If there are more, the
            smallest gaps between stretches are filled, so the result includes the days of these
            gaps.

    Returns:
        For each stretch, its first moment and the first moment after it.
    """
    stretches: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if stretches and stretches[-1][1] == day:
            stretches[-1] = (stretches[-1][0], day + DAY)
        else:
            stretches.append((day, day + DAY))
    while at_most is not None and len(stretches) > at_most:
        gaps = [after[0] - before[1] for before, after in pairwise(stretches)]
        place = gaps.index(min(gaps))
        stretches[place : place + 2] = [(stretches[place][0], stretches[place + 1][1])]
    return [(midnight(first), midnight(end)) for first, end in stretches]
