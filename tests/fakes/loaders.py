"""Instances of `load` whose clocks differ, which note late days and store rows."""

from datetime import datetime, timedelta
from random import Random

from functions.events.coerce import to_microseconds
from functions.load.late import LateDays, is_late
from tests.fakes.ledger import LedgerTables

SKEW = 60
"""The largest error of a clock, in seconds."""


class Loaders:
    """Some instances of `load`, which store rows as `functions.load.loader.Loader` does.

    Args:
        random: makes the random choices.
        tables: stores the notes.
        count: the number of instances.
    """

    def __init__(self, random: Random, tables: LedgerTables, count: int = 3) -> None:
        self._random = random
        self._tables = tables
        self._late_days = [LateDays(tables.store) for _ in range(count)]
        self._skews = [timedelta() for _ in range(count)]

    def step_a_clock(self) -> None:
        """Change the error of one instance's clock."""
        one = self._random.randrange(len(self._skews))
        self._skews[one] = timedelta(seconds=self._random.randint(-SKEW, SKEW))

    def restart_one(self) -> None:
        """Replace an instance by a new one, which does not remember any notes."""
        one = self._random.randrange(len(self._late_days))
        self._late_days[one] = LateDays(self._tables.store)

    async def deliver(self, received_at: datetime, now: datetime) -> datetime | None:
        """Deliver an event; return when its row is stored, or None if the instance dies before.

        Args:
            received_at: when the event was received.
            now: the true time.
        """
        one = self._random.randrange(len(self._late_days))
        clock = to_microseconds(now + self._skews[one])
        received = to_microseconds(received_at)
        if is_late(received, clock):
            if self._random.random() < 0.05:
                return None  # the instance dies before the note
            await self._late_days[one].note(received, clock)
        if self._random.random() < 0.05:
            return None  # the instance dies between the note and the row
        # Usually a row is stored at once, but an append whose answer is lost may take minutes.
        return now + timedelta(seconds=self._random.choice([0, 0, 0, 1, 20, 240]))
