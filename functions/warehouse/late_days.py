"""Notes of days: the table ``late_days_v1`` names the days that jobs have to look at again.

A row comes late if it is stored more than `LATE` after its event was received. Load notes the day
of the row before it stores the row. So a job finds every row that was stored since its last run if
it looks at the noted days and at the days since `on_time_from`.
"""

from datetime import date, datetime, timedelta
from typing import Literal

LATE = timedelta(hours=1)
"""A row comes late if it is stored more than this time after its event was received."""

REMEMBERED_NOTE = timedelta(minutes=10)
"""An instance of load notes the same day at most once in this time."""

OVERLAP = timedelta(hours=1)
"""A run looks back to this long before the last finished run began.

Load notes the day of a late row before it stores the row. So a run may see the note, but not yet
the row, and the next run has to look at the day again. The overlap is longer than the time from the
note to the row: load remembers a note (`REMEMBERED_NOTE`), an append and its retries take time, and
the clocks of instances differ.
"""

Reason = Literal["late", "filed", "restored", "changed"]
"""Why jobs have to look at a day again.

- ``late``: load stores a late row of the day, or a restoration of tables may bring back its rows.
- ``filed``: the cut-off of an erasure is on the day, and the erasure is filed late.
- ``restored``: the cut-off of an erasure is on the day, and the erasure is taken back. This reason
  is never stored in ``late_days_v1``: ``sql/operate/find_news.sql`` reads it from ``erasures_v1``.
- ``changed``: a sweep or settle changes rows of the day.
"""


def on_time_from(ran_at: datetime) -> date:
    """Return the first day (UTC) to which rows may have come on time since a run began.

    Rows may have come late to earlier days; notes name these days.

    Args:
        ran_at: when the run began (UTC).
    """
    return (ran_at - LATE - OVERLAP).date()
