"""The data inventory: every table and place with data about people or with rows of a partner.

This is the only such list. These parts of the system use it:

* the statements that count and delete a partner's rows (`generate.partner_rows` writes them);
* the order in which an offboarding deletes the rows of tables;
* the limits that ``GET /retention`` checks;
* the tables of docs/privacy.md (`generate.privacy`).

The schemas in ``sql/store`` say which columns are about people (``people``) and by which column a
table is partitioned. This module adds what a schema does not say. Tests fail if a column, a prefix
of the bucket, or a subscription with personal data is missing here.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple

from functions.privacy import periods
from functions.privacy.exports.storage import PREFIX as EXPORTS
from functions.retained import quarantine, spill
from functions.warehouse.schema import EXTRA_DAYS, RETENTION_DAYS, TableSchema, list_tables

OnHold = Literal["none", "person", "room", "hold"]
"""Which of a partner's rows a legal hold keeps during an offboarding.

``none``: it keeps no rows. ``person``: it keeps the rows with the user key of a person on hold.
``room``: it keeps room events of a person on hold, and room events that list a person on hold as a
speaker. ``hold``: it keeps the row of the hold itself, until the hold ends.
"""

Kind = Literal["column", "prefix", "subscription", "topic", "logs"]


class PersonalColumn(NamedTuple):
    """A column with data about a person.

    Attributes:
        holds: what the column contains, in plain words.
        erased_by: the statements of ``sql/privacy`` that erase a person in this column.
        kept: how long values are kept; None if they are kept as long as their row.
    """

    holds: str
    erased_by: tuple[str, ...]
    kept: timedelta | None = None


class StoreTable(NamedTuple):
    """A table with data about people, or with rows of a partner.

    Attributes:
        name: the name of the table, and of the table's file in ``sql/store``.
        columns: the columns with data about people, by dotted name.
        kept: how long rows with data about people are kept; None if they are kept for ever.
        kept_from: the moment at which this time begins. ``receipt`` is the moment at which the
            event was received.
        on_hold: which rows of a partner a legal hold keeps during an offboarding.
        is_offboarded: whether an offboarding deletes a partner's rows from the table.
    """

    name: str
    columns: Mapping[str, PersonalColumn] = MappingProxyType({})
    kept: timedelta | None = None
    kept_from: str = "receipt"
    on_hold: OnHold = "none"
    is_offboarded: bool = True


class InventoryEntry(NamedTuple):
    """One column or place with data about people.

    Attributes:
        kind: the kind of place.
        place: ``table.column``, a prefix of the bucket, or the name of a subscription or topic.
        form: ``personal``, ``pseudonym``, ``unknown`` (possibly personal), ``staff`` (about people
            who operate the cell), or ``none``.
        holds: what is stored there, in plain words.
        erased_by: the statements of ``sql/privacy``, or the classes in `functions.privacy`, that
            erase a person in this place; empty if there are none.
        kept: how long the data is kept; None if it is kept for ever.
        kept_from: the moment at which this time begins. ``receipt`` is the moment at which the
            event was received.
    """

    kind: Kind
    place: str
    form: str
    holds: str
    erased_by: tuple[str, ...]
    kept: timedelta | None
    kept_from: str = "receipt"


class NotInInventory(Exception):
    """The inventory lacks a column with data about a person; the message names the column."""


AS_EVENTS = timedelta.max
"""Stands for the time for which events are kept. The setting ``retention_days`` gives this time."""

_END_OF_HOLD = "end of the hold"

TABLES: tuple[StoreTable, ...] = (
    StoreTable(
        "events_v1",
        {
            "user_key": PersonalColumn(
                "the person whom the event is about", ("anonymise_events", "delete_events")
            ),
            "extra": PersonalColumn(
                "properties that are not in the catalogue",
                ("anonymise_events", "delete_events"),
                timedelta(days=EXTRA_DAYS),
            ),
        },
        kept=AS_EVENTS,
        on_hold="person",
    ),
    StoreTable(
        "room_events_v1",
        {
            "user_key": PersonalColumn(
                "the person who changed a room",
                ("anonymise_room_events", "delete_room_events"),
            ),
            "room.speakers": PersonalColumn("people who may speak in a room", ("remove_speakers",)),
            "extra": PersonalColumn(
                "properties that are not in the catalogue",
                ("anonymise_room_events", "delete_room_events"),
                timedelta(days=EXTRA_DAYS),
            ),
        },
        kept=AS_EVENTS,
        on_hold="room",
    ),
    StoreTable(
        "active_days_v1",  # after events_v1: a refresh makes these rows from events
        {
            "user_key": PersonalColumn(
                "a person who was active on a day",
                ("anonymise_active_days", "delete_active_days"),
            ),
        },
        kept=AS_EVENTS,
        on_hold="person",
    ),
    StoreTable(
        "identities_v1",
        {
            "user_key": PersonalColumn("the person with this identity", ("erase_identities",)),
            "user_id": PersonalColumn("the person's id in the chat", ("erase_identities",)),
            "nickname": PersonalColumn("the name in the chat", ("erase_identities",)),
        },
        kept=AS_EVENTS,
        on_hold="person",
    ),
    StoreTable("daily_v1"),
    StoreTable("rooms_daily_v1"),
    StoreTable("active_users_v1"),
    StoreTable("room_people_v1"),
    StoreTable("cohorts_v1"),
    StoreTable(
        "erasures_v1",  # after events_v1: erasures hide events until the events are deleted
        {
            "user_key": PersonalColumn("the person to erase", ("delete_expired_erasures",)),
            "hidden_key": PersonalColumn(
                "the key under which views show the person", ("finish_erasures",), timedelta()
            ),
        },
        kept=periods.TOMBSTONE,
        kept_from="execution of the erasure",
        on_hold="person",
    ),
    StoreTable(
        "holds_v1",  # last: the statements that delete other rows read the holds
        {
            "user_key": PersonalColumn(
                "the person whose data must be kept", ("delete_expired_holds",)
            ),
            "filed_by": PersonalColumn(
                "the caller who requested the hold", ("delete_expired_holds",)
            ),
        },
        kept=periods.RELEASED_HOLD,
        kept_from=_END_OF_HOLD,
        on_hold="hold",
    ),
    StoreTable(
        "receipts_v1",
        {"requested_by": PersonalColumn("the caller who requested the operation", ())},
        is_offboarded=False,
    ),
)
"""All tables with data about people or with rows of a partner, in the order in which an offboarding
deletes the partner's rows."""

_OBJECTS = ("ObjectRewriter",)
_LETTERS = ("DeadLetterRewriter",)
_EXPIRES: tuple[str, ...] = ()
"""For places where no step erases people: data there is deleted before tombstones expire."""

PLACES: tuple[InventoryEntry, ...] = (
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
        "events of a closed partner that a legal hold keeps",
        _OBJECTS,
        timedelta(),
        _END_OF_HOLD,
    ),
    *(
        InventoryEntry(
            "prefix",
            f"{quarantine.PREFIX}{reason}/",
            "unknown",
            "unreadable bodies",
            _EXPIRES,
            periods.UNREADABLE,
            "quarantine",
        )
        for reason in quarantine.UNREADABLE
    ),
    InventoryEntry(
        "prefix",
        EXPORTS,
        "personal",
        "exports of people's data",
        ("ExportedCopies",),
        periods.EXPORTED,
        "export",
    ),
    InventoryEntry(
        "subscription", "load", "personal", "events to store", _EXPIRES, periods.SUBSCRIPTION
    ),
    InventoryEntry(
        "subscription", "privacy", "personal", "deletions", _EXPIRES, periods.SUBSCRIPTION
    ),
    InventoryEntry(
        "subscription", "partner", "personal", "a partner's events", _EXPIRES, periods.SUBSCRIPTION
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
    InventoryEntry(
        "topic", "events", "none", "nothing: its subscriptions keep the events", (), timedelta()
    ),
    InventoryEntry(
        "topic", "dead", "none", "nothing: its subscription keeps the events", (), timedelta()
    ),
    InventoryEntry(
        "logs",
        "cell",
        "staff",
        "callers, and people who read data",
        (),
        periods.LOGGED,
        "the call",
    ),
)
"""All places outside the tables that have data about people, or through which this data passes."""


def partner_tables() -> tuple[StoreTable, ...]:
    """Return the tables from which an offboarding deletes rows, in the order of deletion."""
    return tuple(table for table in TABLES if table.is_offboarded)


def list_inventory(
    schemas: Iterable[TableSchema] | None = None, retention_days: int = RETENTION_DAYS
) -> list[InventoryEntry]:
    """Return the entries of all columns with data about people, then those of all other places.

    Args:
        schemas: the schemas of the tables; None for those of ``sql/store``.
        retention_days: the number of days for which this deployment keeps events.

    Raises:
        NotInInventory: the inventory lacks a column that a schema marks as personal.
    """
    all_schemas = list_tables() if schemas is None else schemas
    return [*_columns(all_schemas, timedelta(days=retention_days)), *PLACES]


def list_limits(retention_days: int = RETENTION_DAYS) -> dict[str, timedelta]:
    """Return how long data about people may be kept, for each table and for some columns.

    A table has a limit if its rows have data about people and are not kept for ever. A column has a
    limit of its own if its values are kept for some time, but not as long as its row.

    Args:
        retention_days: the number of days for which this deployment keeps events.

    Returns:
        The limits by ``table`` or ``table.column``.
    """
    limits: dict[str, timedelta] = {}
    as_events = timedelta(days=retention_days)
    for table in TABLES:
        if table.columns and table.kept is not None:
            limits[table.name] = as_events if table.kept is AS_EVENTS else table.kept
        limits |= {
            f"{table.name}.{name}": column.kept
            for name, column in table.columns.items()
            if column.kept
        }
    return limits


def _columns(schemas: Iterable[TableSchema], as_events: timedelta) -> Iterator[InventoryEntry]:
    tables = {table.name: table for table in TABLES}
    for schema in schemas:
        for name, form in sorted(schema.people.items()):
            place = f"{schema.name}.{name}"
            table = tables.get(schema.name)
            column = table.columns.get(name) if table else None
            if table is None or column is None:
                raise NotInInventory(place)
            kept = table.kept if column.kept is None else column.kept
            kept = as_events if kept is AS_EVENTS else kept
            yield InventoryEntry(
                "column", place, form, column.holds, column.erased_by, kept, table.kept_from
            )
