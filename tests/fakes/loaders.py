"""Instances of load whose clocks differ: when do they note a day, and when is a row there?"""

from datetime import datetime, timedelta
from random import Random

from functions.events.coerce import to_microseconds
from functions.load.late import LateDays, is_late
from tests.fakes.ledger import LedgerTables

SKEW = 60
"""By how many seconds at most a clock is wrong."""


class Loaders:
    """Some instances of load, which store rows as `functions.load.loader.Loader` does.

    Args:
        random: the dice.
        tables: where the notes are stored.
        count: how many instances there are.
    """

    def __init__(self, random: Random, tables: LedgerTables, count: int = 3) -> None:
        self._random = random
        self._tables = tables
        self._late_days = [LateDays(tables.store) for _ in range(count)]
        self._skews = [timedelta() for _ in range(count)]

    def step_a_clock(self) -> None:
        """Let one instance's clock step."""
        one = self._random.randrange(len(self._skews))
        self._skews[one] = timedelta(seconds=self._random.randint(-SKEW, SKEW))

    def restart_one(self) -> None:
        """Let a new instance take another one's place: it remembers no notes."""
        one = self._random.randrange(len(self._late_days))
        self._late_days[one] = LateDays(self._tables.store)

    async def deliver(self, received_at: datetime, now: datetime) -> datetime | None:
        """Deliver an event to an instance; return when its row is there, or None if it dies first.

        Args:
            received_at: when the event was received.
            now: the true time.
        """
        one = self._random.randrange(len(self._late_days))
        clock = to_microseconds(now + self._skews[one])
        received = to_microseconds(received_at)
        if is_late(received, clock):
            if self._random.random() < 0.05:
                return None  # it dies before the note
            await self._late_days[one].note(received, clock)
        if self._random.random() < 0.05:
            return None  # it dies between the note and the row
        # Usually a row is there at once; an append whose answer is lost may take minutes.
        return now + timedelta(seconds=self._random.choice([0, 0, 0, 1, 20, 240]))
