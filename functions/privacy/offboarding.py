"""What a cell has of partners who have left: counted and deleted, but what a legal hold keeps.

Each step finds what is left of it and can be repeated. So a run that is interrupted anywhere is
continued by the next, and runs that meet do no harm.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from functions.closed import ClosedPartner
from functions.events.layout import Layouts
from functions.privacy.departed import Deadline, Departed, Found, Held
from functions.privacy.execution import OutOfTime
from functions.pseudonym import PseudonymKeys
from functions.statements import Parameter

SINCE = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any event: the bound that a partitioned table asks for, and leaves no partition out."""

TABLES = (
    "events_v1",
    "identities_v1",
    "daily_v1",
    "rooms_daily_v1",
    "active_users_v1",
    "cohorts_v1",
    "erasures_v1",  # as long as there are events, it hides some
    "holds_v1",
)
"""The tables with rows of a partner, in the order in which they are cleared."""

Partners = Mapping[str, ClosedPartner]


class Statements(Protocol):
    """Runs statements of ``sql/privacy``, as `functions.statements.Statements`."""

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        """Run a query; return its rows."""

    async def change(self, name: str, **parameters: Parameter) -> int:
        """Run a statement that changes rows; return how many it changed."""


class Place(Protocol):
    """Where events are beside the tables: objects, or dead letters."""

    async def clear(
        self, departed: Departed, found: Found, is_over: Deadline, *, dry_run: bool = False
    ) -> None:
        """Delete what is the partners', and count it; raises OutOfTime."""


@dataclass(slots=True)
class Inventory:
    """What there is of one partner, by table and place.

    Attributes:
        found: rows, objects and events.
        kept: of them, those that a legal hold keeps.
        unreadable: objects of which nobody can tell whose events they have.
        deleted: what was deleted since.
        counted_all: False where the time did not suffice to count everything.
    """

    found: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    counted_all: bool = True

    @property
    def deletable(self) -> Counter[str]:
        """What is neither kept nor unreadable."""
        return self.found - self.kept

    def take(self, partner: str, found: Found, *, deleted: bool) -> None:
        """Add what was found in a place."""
        for mine, theirs in (
            (self.found, found.all),
            (self.kept, found.kept),
            (self.unreadable, found.unreadable),
        ):
            mine.update({place: n for (of, place), n in theirs.items() if of == partner and n})
        if deleted:
            self.deleted.update(
                {place: n for (of, place), n in (found.all - found.kept).items() if of == partner}
            )


class Offboarding:
    """Counts and deletes.

    Args:
        statements: runs the statements.
        places: where events are beside the tables.
        keys: of user keys.
        layouts: of the catalogue's events.
        now: the clock, with an offset.
    """

    def __init__(
        self,
        statements: Statements,
        places: Sequence[Place],
        keys: PseudonymKeys,
        layouts: Layouts,
        now: Callable[[], datetime],
    ) -> None:
        self._statements = statements
        self._places = places
        self._keys = keys
        self._layouts = layouts
        self._now = now

    async def survey(self, partner: str, entry: ClosedPartner, is_over: Deadline) -> Inventory:
        """Count what there is of a partner, as far as the time suffices; nothing is changed."""
        inventory = await self._count_rows(partner)
        found, departed = Found(), await self._departed({partner: entry})
        for place in self._places:
            try:
                await place.clear(departed, found, is_over, dry_run=True)
            except OutOfTime:
                inventory.counted_all = False
        inventory.take(partner, found, deleted=False)
        return inventory

    async def clear_tables(self, partner: str, inventory: Inventory, is_over: Deadline) -> None:
        """Delete a partner's rows, one statement for each table that has some.

        Args:
            partner: its name.
            inventory: takes what was found and deleted.
            is_over: whether the time is.

        Raises:
            OutOfTime: a table is left.
        """
        counted = await self._count_rows(partner)
        inventory.found += counted.found
        inventory.kept += counted.kept
        for table in TABLES:
            if not counted.deletable[table]:
                continue
            if is_over():
                raise OutOfTime
            changed = await self._statements.change(f"leave_{table}", **self._of(partner, table))
            inventory.deleted[table] += changed

    async def clear_places(
        self, partners: Partners, inventories: Mapping[str, Inventory], is_over: Deadline
    ) -> None:
        """Delete what is of partners beside the tables, of all of them in one go.

        Args:
            partners: by name.
            inventories: of each, that take what was found and deleted.
            is_over: whether the time is.

        Raises:
            OutOfTime: not all was looked at.
        """
        departed = await self._departed(partners)
        for place in self._places:
            found = Found()
            try:
                await place.clear(departed, found, is_over)
            finally:
                for partner, inventory in inventories.items():
                    inventory.take(partner, found, deleted=True)

    async def _count_rows(self, partner: str) -> Inventory:
        given: dict[str, Parameter] = {"since": SINCE, "now": self._now(), "partner": partner}
        inventory = Inventory()
        for row in await self._statements.rows("survey_partner", **given):
            inventory.found[row["place"]] = row["found"]
            inventory.kept[row["place"]] = row["kept"]
        return inventory

    async def _departed(self, partners: Partners) -> Departed:
        given: dict[str, Parameter] = {"partners": sorted(partners), "now": self._now()}
        rows = await self._statements.rows("find_held_people", **given)
        held = [Held(row["partner"], row["project"], row["user_key"]) for row in rows]
        return Departed(partners, held, self._keys, self._layouts)

    def _of(self, partner: str, table: str) -> dict[str, Parameter]:
        given: dict[str, Parameter] = {"partner": partner}
        if table not in {"erasures_v1", "holds_v1"}:
            given["since"] = SINCE
        if table in {"events_v1", "identities_v1", "erasures_v1", "holds_v1"}:
            given["now"] = self._now()
        return given
