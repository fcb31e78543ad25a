"""The rows that a sweep found in the scope of erasures, before it changes these rows."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from functions.privacy.records.receipts import Receipt


@dataclass(slots=True)
class InScope:
    """The rows that a sweep found in scope, before it changes them.

    Attributes:
        days: the days (UTC) of events in scope, by the planned change of the events, such as
            ``events_deleted``.
        numbers: the number of events in scope, by the planned change.
        with_identities: the ids of the erasures that have identities in scope.
        with_copies: the days (UTC) that may have later copies of events in scope, by the statement
            that deletes the copies.
        stored_before: the number of late rows that an earlier sweep should have erased.
        receipts: the receipts that say how many rows are in scope.
    """

    days: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))
    numbers: Counter[str] = field(default_factory=Counter)
    with_identities: set[str] = field(default_factory=set)
    with_copies: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))
    stored_before: int = 0
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def days_of_events(self) -> set[date]:
        """The days (UTC) on which there are events in scope."""
        return {day for days in self.days.values() for day in days}

    @property
    def days_with_copies(self) -> set[date]:
        """The days (UTC) that may have later copies of chat or room events in scope."""
        return {day for days in self.with_copies.values() for day in days}

    def add(self, row: Mapping[str, Any]) -> None:
        """Add the result of a statement that counts rows in scope.

        Args:
            row: a row that ``count_in_scope``, ``count_room_events_in_scope`` or
                ``count_identities_in_scope`` returned.
        """
        if row["what"] == "identities_erased":
            self.with_identities.add(row["erasure_id"])
            return
        self.days[row["what"]].update(row["days"])
        self.numbers[row["what"]] += row["number"]
        if row["status"] == "executed":
            self.stored_before += row["stored_before"]
