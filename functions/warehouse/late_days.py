"""Late days: the days that are noted in ``late_days_v1``, so that jobs need not search for them.

A row that is stored more than `LATE` after its event was received comes late, and its day is noted
before the row is stored. So a job finds every row that was stored since its last run if it looks at
the noted days and at the days since `on_time_from`.
"""

from datetime import date, datetime, timedelta
from typing import Literal

LATE = timedelta(hours=1)
"""A row comes late if it is stored more than this time after its event was received."""

REMEMBERED_NOTE = timedelta(minutes=10)
"""For how long an instance of load does not note the same day again."""

OVERLAP = timedelta(hours=1)
"""How far a run looks back before the start of the last finished run.

Load checks whether a row is late, and notes the row's day, before it stores the row. This overlap
is longer than the time that can pass until the row is stored: the time for which load remembers a
note (`REMEMBERED_NOTE`), the time of an append and of its retries, and the differences between the
clocks of instances.
"""

Reason = Literal["late", "filed", "restored", "changed"]
"""Why a day is noted: load stores a late row of the day; the cut-off of an erasure that is filed
late, or is taken back, is on the day; a sweep or settle changes rows of the day."""


def on_time_from(ran_at: datetime) -> date:
    """Return the first day (UTC) to which rows may have come on time since a run began.

    Args:
        ran_at: when the run began (UTC).
    """
    return (ran_at - LATE - OVERLAP).date()
