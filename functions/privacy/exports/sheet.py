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
"""The name of a place that was not searched completely."""


@dataclass(slots=True)
class Sheet:
    """The contents of a cover sheet.

    Attributes:
        made_at: when the export began (UTC).
        partner: the partner that the project belongs to.
        project: the project that the person is a user of.
        location: the region in which the data is stored.
        retention_days: the number of days for which events are kept.
        counts: the number of exported records, by table or place.
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
        """Add the result of searching a place."""
        self.counts[place] += len(search.records)
        self.unreadable += search.unreadable
        if not search.is_complete:
            self.missing.append(place)

    def render(self, files: Sequence[File]) -> str:
        """Return the cover sheet as an HTML page, which lists the files by name."""
        return render(
            "cover-sheet",
            sheet=self,
            files=sorted(files),
            periods=periods,
            extra_days=EXTRA_DAYS,
        )
