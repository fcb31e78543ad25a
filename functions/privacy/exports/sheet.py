"""The cover sheet of an export. It explains the export in plain words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from functions.privacy import periods
from functions.privacy.exports.retained import SearchResult
from functions.privacy.exports.storage import File
from functions.privacy.requests.pages import render
from functions.warehouse.schema import EXTRA_DAYS

Missing = Literal["retained", "dead_letters", "events"]
"""A place that was not searched completely. A later export may be complete."""


@dataclass(slots=True)
class Sheet:
    """The cover sheet.

    Attributes:
        made_at: the start of the export (UTC).
        partner: the partner that the project belongs to.
        project: the project that the person is a user of.
        location: the region of the data.
        retention_days: for how many days events are kept.
        counts: the numbers of records, by table and place.
        unreadable: the number of objects and messages that cannot be parsed.
        missing: the places that were not searched completely.
    """

    made_at: datetime
    partner: str
    project: str
    location: str
    retention_days: int
    counts: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    missing: list[Missing] = field(default_factory=list)

    def note(self, place: Missing, search: SearchResult) -> None:
        """Add the result of a search."""
        self.counts[place] += len(search.records)
        self.unreadable += search.unreadable
        if not search.is_complete:
            self.missing.append(place)

    def render(self, files: Sequence[File]) -> str:
        """Return the page. It lists the files in the order of their names."""
        return render(
            "cover-sheet",
            sheet=self,
            files=sorted(files),
            periods=periods,
            extra_days=EXTRA_DAYS,
        )
