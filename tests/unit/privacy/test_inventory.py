"""The data inventory is complete: no column, prefix or queue with personal data is missing."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest
import sqlglot
import yaml
from sqlglot import exp

from functions.acceptance import reasons
from functions.events.catalogue import SOURCE, parse
from functions.privacy import periods
from functions.privacy.app import wire_rewriters
from functions.privacy.inventory import (
    TABLES,
    InventoryEntry,
    NotInInventory,
    list_inventory,
    list_limits,
    partner_tables,
)
from functions.privacy.reports.retention import DUE_ERASURES
from functions.retained import quarantine
from functions.retained.quarantine import LEGAL_HOLD, object_name
from functions.warehouse.schema import (
    RETENTION_DAYS,
    SQL,
    Column,
    TableSchema,
    Warehouse,
    list_tables,
    render,
)
from generate import schema

ROOT = Path(__file__).parents[3]
CELL = ROOT / "terraform" / "modules" / "cell"
FORMS = {"personal", "pseudonym", "unknown", "staff"}
DAY = timedelta(days=1)
VARIABLES = Warehouse("p.store", "p.bi").variables()

OF_USERS = [entry for entry in list_inventory() if entry.kind == "column" and entry.form != "staff"]


def of(kind: str) -> dict[str, InventoryEntry]:
    return {entry.place: entry for entry in list_inventory() if entry.kind == kind}


def test_every_annotated_column_is_in_the_inventory_and_no_other() -> None:
    annotated = {f"{table.name}.{name}" for table in list_tables() for name in table.people}

    assert {"events_v1.user_key", "identities_v1.user_id"} <= annotated
    listed = {f"{table.name}.{name}" for table in TABLES for name in table.columns}
    assert of("column").keys() == listed == annotated


def test_annotated_columns_are_columns_with_a_known_form() -> None:
    for table in list_tables():
        assert set(table.people) <= set(names(table.schema)), table.name
        assert set(table.people.values()) <= FORMS, table.name


def names(columns: tuple[Column, ...], before: str = "") -> Iterator[str]:
    for column in columns:
        yield f"{before}{column.name}"
        yield from names(column.fields, f"{before}{column.name}.")


def test_personal_properties_of_the_catalogue_are_in_the_inventory() -> None:
    source = yaml.safe_load(SOURCE.read_bytes())
    source["room"]["fields"].append(
        {
            "name": "moderators",
            "type": "string",
            "repeated": True,
            "privacy": "personal",
            "description": "Who keeps order.",
            "examples": ["u1"],
        }
    )
    text = schema.render(parse(source))[schema.ROOMS]
    table = msgspec.convert({**msgspec.json.decode(text), "name": "room_events_v1"}, TableSchema)

    with pytest.raises(NotInInventory, match=r"^room_events_v1\.room\.moderators$"):
        list_inventory([table])


def test_every_table_is_in_the_inventory() -> None:
    table = TableSchema("new_v1", "New.", (Column("who", "STRING"),), people={"who": "pseudonym"})

    with pytest.raises(NotInInventory, match=r"^new_v1\.who$"):
        list_inventory([table])


def test_columns_named_after_people_are_annotated() -> None:
    """An annotation might be forgotten in a table's file; this finds columns by their names."""
    telling = re.compile(r"user_id|user_key|hidden_key|nickname|speakers|e?mail|\w+_by")
    for table in list_tables():
        found = {name for name in names(table.schema) if telling.fullmatch(name.split(".")[-1])}
        if table.name == "events_v1":
            found -= {"room.speakers"}  # always NULL, because room events have their own table
        assert found <= table.people.keys(), table.name


@pytest.mark.parametrize("entry", OF_USERS, ids=lambda entry: entry.place)
def test_a_statement_erases_each_column(entry: InventoryEntry) -> None:
    table, _, column = entry.place.partition(".")
    assert entry.erased_by
    for name in entry.erased_by:
        text = render((SQL / "privacy" / f"{name}.sql").read_text(), VARIABLES)
        statement = sqlglot.parse_one(text, read="bigquery")
        target = statement.this
        assert target.name == table, name
        if isinstance(statement, exp.Update):
            changed = {each.this.name for each in statement.expressions}
            assert column.split(".")[0] in changed, name
        else:
            assert isinstance(statement, exp.Delete | exp.Merge), name


def test_an_export_has_every_column_about_the_person() -> None:
    """The only exception is the hidden key, which protects the person."""
    texts = [
        render((SQL / "privacy" / f"{name}.sql").read_text(), VARIABLES)
        for name in ("find_events_of_person", "find_records_of_person")
    ]
    exported = {
        (table.name, column)
        for text in texts
        for select in sqlglot.parse_one(text, read="bigquery").find_all(exp.Select)
        for table in [select.args["from_"].this]
        for column in (each.alias_or_name for each in select.expressions)
    }
    for entry in OF_USERS:
        table, _, column = entry.place.partition(".")
        if table in {"events_v1", "room_events_v1"}:
            assert (table, "content") in exported, "exports have whole rows of events"
        else:
            assert ((table, column) in exported) is (column != "hidden_key"), entry.place


def test_a_sweep_rewrites_every_place_that_is_not_a_table() -> None:
    rewritten = {kind.__name__ for kind in get_args(get_type_hints(wire_rewriters)["return"])}
    listed = {
        name for entry in list_inventory() if entry.kind != "column" for name in entry.erased_by
    }

    # UnreadableObjects does not erase people; it quarantines unreadable objects.
    assert listed == rewritten - {"UnreadableObjects"}


def test_data_that_no_statement_erases_expires_before_the_tombstone() -> None:
    for entry in list_inventory():
        if entry.form in {"personal", "unknown"} and not entry.erased_by:
            assert entry.kept is not None, entry
            assert entry.kept <= periods.UNREADABLE, entry


def test_operators_and_callers_are_only_in_receipts_holds_and_logs() -> None:
    staff = {entry.place for entry in list_inventory() if entry.form == "staff"}

    assert staff == {"receipts_v1.requested_by", "holds_v1.filed_by", "cell"}


def texts_that_end_like_a_prefix() -> set[str]:
    """Return all texts in the functions' code that end like a prefix, also inside f-strings."""
    return {
        node.value
        for path in (ROOT / "functions").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"[a-z_]+/", node.value)
    }


def test_every_prefix_of_the_code_is_in_the_inventory() -> None:
    resource_names = {"projects/", "accounts/"}
    found = texts_that_end_like_a_prefix() - resource_names

    assert found == {place for place in of("prefix") if place.count("/") == 1}


def lifecycle() -> dict[str, timedelta]:
    block = re.search(
        r"lifecycle_days = \{\n(.*?)\n  \}", (CELL / "storage.tf").read_text(), re.DOTALL
    )
    assert block
    return {prefix: int(days) * DAY for prefix, days in re.findall(r'"(\S+/)"\s+= (\d+)', block[1])}


def test_the_bucket_keeps_what_the_inventory_says_for_as_long() -> None:
    by_age = {
        place: entry.kept
        for place, entry in of("prefix").items()
        if entry.kept_from != "end of the hold"
    }

    assert lifecycle() == by_age
    assert "retention_duration_seconds = 0" in (CELL / "storage.tf").read_text()


def test_no_rule_of_the_bucket_applies_to_events_on_hold() -> None:
    """Only a sweep knows when a hold is over, so only a sweep may delete these objects."""
    [held] = of("prefix").keys() - lifecycle().keys()

    assert object_name(LEGAL_HOLD, "acme", "chat", b"").startswith(held)
    assert not [prefix for prefix in lifecycle() if held.startswith(prefix)]


def test_unreadable_reasons_are_those_of_undecodable_and_malformed_data() -> None:
    source = (ROOT / "functions" / "events" / "body.py").read_text()

    undecodable = set(re.findall(r'BadMessage\("(\w+)"\)', source))
    of_the_door = {reasons.EVENT_AMBIGUOUS.code, reasons.EVENT_MISPLACED.code}
    assert set(quarantine.UNREADABLE) == undecodable | of_the_door | {quarantine.MALFORMED}


def seconds(name: str) -> timedelta:
    found = re.search(
        rf"^\s+{name}\s+= (\d+) \* 24 \* 60 \* 60$", (CELL / "pubsub.tf").read_text(), re.MULTILINE
    )
    assert found
    return int(found[1]) * DAY


def test_subscriptions_keep_what_the_inventory_says_for_as_long() -> None:
    text = (CELL / "pubsub.tf").read_text()
    resources = set(
        re.findall(r'^resource "google_pubsub_subscription" "(\w+)"', text, re.MULTILINE)
    )
    block = re.search(r"deliveries = \{\n(.*?)\n  \}", text, re.DOTALL)
    assert block
    delivered = set(re.findall(r"(\w+)\s+= \{ path", block[1]))

    assert resources == {"function", "dead", "partner"}
    assert of("subscription").keys() == delivered | {"dead", "partner"}
    for name, entry in of("subscription").items():
        constant = "dead_letter_seconds" if name == "dead" else "retention_seconds"
        assert entry.kept == seconds(constant), name


def test_topics_retain_no_messages() -> None:
    text = (CELL / "pubsub.tf").read_text()
    topics = re.search(r'"google_pubsub_topic" "this" \{\n  for_each = toset\(\[(.*?)\]\)', text)

    assert topics
    assert of("topic").keys() == set(re.findall(r'"(\w+)"', topics[1]))
    body = text[topics.end() : text.index("\n}\n", topics.end())]
    assert "message_retention_duration" not in body


def test_the_defaults_of_the_deployment_are_those_of_the_inventory() -> None:
    variables = (ROOT / "terraform" / "variables.tf").read_text()
    retention = re.search(r'variable "retention_days" \{.*?default\s+= (\d+)', variables, re.DOTALL)
    logs = re.search(r"log_retention_days\s+= optional\(number, (\d+)\)", variables)

    assert retention
    assert logs
    assert int(retention[1]) == RETENTION_DAYS
    assert int(logs[1]) * DAY == of("logs")["cell"].kept


def test_a_deployment_may_keep_events_for_longer() -> None:
    kept = {entry.place: entry.kept for entry in list_inventory(retention_days=400)}

    assert kept["events_v1.user_key"] == kept["identities_v1.nickname"] == 400 * DAY
    assert kept["events_v1.extra"] == 30 * DAY
    assert kept["erasures_v1.user_key"] == periods.TOMBSTONE


def test_every_limit_of_a_table_is_checked() -> None:
    text = (SQL / "privacy" / "find_overdue.sql").read_text()

    checked = set(re.findall(r"'([^']+)' AS place", text))
    assert checked == list_limits().keys() | {DUE_ERASURES}


def test_limits_are_those_of_the_inventory() -> None:
    """A column that is kept for a different time than its table has its own limit."""
    kept = {entry.place: entry.kept for entry in list_inventory(retention_days=400)}
    limits = list_limits(retention_days=400)

    assert {"events_v1", "events_v1.extra", "holds_v1"} <= limits.keys()
    for place, time in kept.items():
        table = place.partition(".")[0]
        if time and of("column").get(place):
            assert limits.get(place, limits.get(table)) == time, place


def test_every_table_with_rows_of_a_partner_is_in_the_inventory() -> None:
    of_partners = {
        table.name
        for table in list_tables()
        if any(column.name == "partner" for column in table.schema)
    }

    assert {table.name for table in TABLES} == of_partners
    assert of_partners - {table.name for table in partner_tables()} == {"receipts_v1"}


def test_receipts_alone_are_kept_for_ever() -> None:
    assert [entry.place for entry in list_inventory() if entry.kept is None] == [
        "receipts_v1.requested_by"
    ]
