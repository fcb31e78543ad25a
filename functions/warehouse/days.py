"""UTC days: tables are partitioned by day, and the rollups count by day."""

from datetime import UTC, date, datetime, time, timedelta

DAY = timedelta(days=1)


def midnight(day: date) -> datetime:
    """Return the first moment of a UTC day."""
    return datetime.combine(day, time(), UTC)
