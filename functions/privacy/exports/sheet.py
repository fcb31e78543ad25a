"""What the cover sheet of an export tells, in plain words."""

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
"""What was not looked at completely; asking again may help."""


@dataclass(slots=True)
class Sheet:
    """The cover sheet.

    Attributes:
        made_at: when the export was begun (UTC).
        partner: whose user the person is.
        project: where.
        location: the region in which everything is.
        retention_days: for which events are kept.
        counts: records by table, and in what is retained.
        unreadable: objects and messages that nobody can read, or search for anybody.
        missing: what was not looked at completely.
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
        """Note what a search came to."""
        self.counts[place] += len(search.records)
        self.unreadable += search.unreadable
        if not search.is_complete:
            self.missing.append(place)

    def render(self, files: Sequence[File]) -> str:
        """Return the page; the files are listed in the order of their names."""
        return render(
            "cover-sheet",
            sheet=self,
            files=sorted(files),
            periods=periods,
            extra_days=EXTRA_DAYS,
        )
