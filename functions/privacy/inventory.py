"""The data inventory: what is where about whom, what erases it, how long it is kept.

Columns are those that the tables' own annotations name (`functions.warehouse.schema.Table.people`,
which derives from the catalogue of events). A column without an entry in `COLUMNS` is an error, so
that none slips through; a test finds the prefixes in the code and the subscriptions in Terraform.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Literal, NamedTuple

from functions.privacy import periods
from functions.privacy.exports.storage import PREFIX as EXPORTS
from functions.retained import quarantine, spill
from functions.warehouse.schema import EXTRA_DAYS, RETENTION_DAYS, Table, list_tables

Kind = Literal["column", "prefix", "subscription", "topic", "logs"]


class NotInInventory(Exception):
    """A column with data about a person is in no entry of the data inventory."""


class InventoryEntry(NamedTuple):
    """One place with data about people.

    Attributes:
        kind: what the place is.
        place: ``table.column``, a prefix of the bucket, or the name of a subscription or topic.
        form: ``personal``, ``pseudonym``, ``unknown`` (it may be personal), ``staff`` (of those
            who operate), or ``none``.
        holds: what, in plain words.
        erased_by: what erases a person there: files of ``sql/privacy``, or what a sweep rewrites
            (`functions.privacy.app`).
        kept: how long; None for ever.
        kept_from: what that time counts from.
    """

    kind: Kind
    place: str
    form: str
    holds: str
    erased_by: tuple[str, ...]
    kept: timedelta | None
    kept_from: str = "receipt"


class _Column(NamedTuple):
    holds: str
    erased_by: tuple[str, ...]
    kept: timedelta | None
    kept_from: str = "receipt"


_STORED = timedelta.max
"""Stands for the retention of events, which a deployment may choose."""

_OF_ERASURE = "execution of the erasure"
_OF_HOLD = "end of the hold"

COLUMNS: dict[str, _Column] = {
    "events_v1.user_key": _Column(
        "whom an event is about", ("anonymise_events", "delete_events"), _STORED
    ),
    "events_v1.room.speakers": _Column("who may speak in a room", ("remove_speakers",), _STORED),
    "events_v1.extra": _Column(
        "what the sender told beside the known properties",
        ("anonymise_events", "delete_events"),
        timedelta(days=EXTRA_DAYS),
    ),
    "identities_v1.user_key": _Column("whose identity it is", ("erase_identities",), _STORED),
    "identities_v1.user_id": _Column("the sender's own id", ("erase_identities",), _STORED),
    "identities_v1.nickname": _Column("the name in the chat", ("erase_identities",), _STORED),
    "erasures_v1.user_key": _Column(
        "whose erasure it is", ("forget",), periods.TOMBSTONE, _OF_ERASURE
    ),
    "erasures_v1.hidden_key": _Column(
        "the key that views show the person under", ("finish",), timedelta(), _OF_ERASURE
    ),
    "holds_v1.user_key": _Column(
        "whose data must be kept for now", ("forget_holds",), periods.RELEASED_HOLD, _OF_HOLD
    ),
    "holds_v1.filed_by": _Column(
        "who filed the hold", ("forget_holds",), periods.RELEASED_HOLD, _OF_HOLD
    ),
    "receipts_v1.requested_by": _Column("who asked for what was done", (), None),
}
"""Every column with data about a person, by table and dotted name."""

_OBJECTS = ("StoredObjects",)
_LETTERS = ("DeadLetters",)
_BRIEFLY = ()
"""Nothing erases it there: it passes on, or goes, within the days that a tombstone waits for."""

ELSEWHERE: tuple[InventoryEntry, ...] = (
    InventoryEntry(
        "prefix", spill.PREFIX, "personal", "events as sent", _OBJECTS, periods.RETAINED
    ),
    InventoryEntry(
        "prefix", quarantine.PREFIX, "personal", "bodies as sent", _OBJECTS, periods.RETAINED
    ),
    InventoryEntry(
        "prefix",
        quarantine.ON_HOLD,
        "personal",
        "what a legal hold keeps of a partner who has left",
        _OBJECTS,
        timedelta(),
        _OF_HOLD,
    ),
    *(
        InventoryEntry(
            "prefix",
            f"{quarantine.PREFIX}{reason}/",
            "unknown",
            "what nobody can read",
            _BRIEFLY,
            periods.UNREADABLE,
            "the moment it is set aside",
        )
        for reason in quarantine.UNREADABLE
    ),
    InventoryEntry(
        "prefix",
        EXPORTS,
        "personal",
        "what was exported",
        ("ExportedCopies",),
        periods.EXPORTED,
        "export",
    ),
    InventoryEntry(
        "subscription", "load", "personal", "events to store", _BRIEFLY, periods.SUBSCRIPTION
    ),
    InventoryEntry(
        "subscription", "privacy", "personal", "deletions", _BRIEFLY, periods.SUBSCRIPTION
    ),
    InventoryEntry(
        "subscription", "partner", "personal", "a partner's events", _BRIEFLY, periods.SUBSCRIPTION
    ),
    InventoryEntry(
        "subscription",
        "dead",
        "personal",
        "events that could not be stored",
        _LETTERS,
        periods.DEAD_LETTERS,
        "the last attempt",
    ),
    InventoryEntry("topic", "events", "none", "nothing: subscriptions keep", (), timedelta()),
    InventoryEntry("topic", "dead", "none", "nothing: its subscription keeps", (), timedelta()),
    InventoryEntry(
        "logs", "cell", "staff", "who called and who read what", (), periods.LOGGED, "the call"
    ),
)
"""What is not a table."""


def list_inventory(
    tables: Iterable[Table] | None = None, retention_days: int = RETENTION_DAYS
) -> list[InventoryEntry]:
    """Return every place with data about people, tables first.

    Args:
        tables: of the store; those of ``sql/store`` without it.
        retention_days: for which this deployment keeps events.

    Raises:
        NotInInventory: the inventory says nothing of one of their columns.
    """
    all_tables = list_tables() if tables is None else tables
    return [*_columns(all_tables, timedelta(days=retention_days)), *ELSEWHERE]


def _columns(tables: Iterable[Table], stored: timedelta) -> Iterator[InventoryEntry]:
    for table in tables:
        for name, form in sorted(table.people.items()):
            place = f"{table.name}.{name}"
            known = COLUMNS.get(place)
            if known is None:
                raise NotInInventory(place)
            kept = stored if known.kept is _STORED else known.kept
            yield InventoryEntry(
                "column", place, form, known.holds, known.erased_by, kept, known.kept_from
            )
