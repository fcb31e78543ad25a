"""`make generate` writes the statements that count and delete a partner's rows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from functions.privacy import inventory
from functions.privacy.inventory import OnHold, StoreTable
from generate import partner_rows
from generate.__main__ import ROOT

COLUMNS = ("partner", "project", "user_key")


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that replaces the tables of the inventory, in a project without statements."""
    (tmp_path / "sql").mkdir()
    (tmp_path / partner_rows.PARAMETERS).write_text('{"privacy": {}}')
    return lambda *tables: monkeypatch.setattr(inventory, "TABLES", tables)


def schema(root: Path, name: str, partition_by: str | None = None, kind: str = "DATE") -> None:
    folder = root / "sql/store"
    folder.mkdir(parents=True, exist_ok=True)
    columns = [{"name": column, "type": "STRING"} for column in COLUMNS]
    if partition_by:
        columns.append({"name": partition_by, "type": kind})
    described = {"description": "Rows.", "partition_by": partition_by, "schema": columns}
    (folder / f"{name}.json").write_text(json.dumps(described))


def test_a_new_table_has_its_statement_and_is_counted(tmp_path: Path, tables: Any) -> None:
    schema(tmp_path, "visits_v1", "week")
    tables(StoreTable("visits_v1"))
    files = partner_rows.render(tmp_path)

    statement = files["sql/privacy/delete_partner_visits_v1.sql"]
    assert statement.endswith(
        "DELETE FROM `${store}.visits_v1`\n"
        "WHERE\n  week >= DATE(@since)\n  AND partner = @partner\n"
    )
    count = files["sql/privacy/count_partner_rows.sql"]
    assert "  'visits_v1' AS place,\n  COUNT(*) AS total,\n  0 AS on_hold\n" in count


@pytest.mark.parametrize(
    ("on_hold", "counted"),
    [
        ("person", "COUNT(people_on_hold.user_key)"),
        ("room", "COUNT(rooms_on_hold.delivery_id)"),
        ("hold", "COUNTIF(released_at IS NULL AND until > @now)"),
    ],
)
def test_rows_under_a_hold_are_counted_and_not_deleted(
    tmp_path: Path, tables: Any, on_hold: OnHold, counted: str
) -> None:
    schema(tmp_path, "notes_v1")
    tables(StoreTable("notes_v1", on_hold=on_hold))
    files = partner_rows.render(tmp_path)

    assert f"  {counted} AS on_hold\n" in files["sql/privacy/count_partner_rows.sql"]
    assert "@now" in files["sql/privacy/delete_partner_notes_v1.sql"]


def test_a_table_that_stays_is_neither_counted_nor_deleted(tmp_path: Path, tables: Any) -> None:
    schema(tmp_path, "notes_v1")
    schema(tmp_path, "logs_v1")
    tables(StoreTable("notes_v1"), StoreTable("logs_v1", is_offboarded=False))

    assert "logs_v1" not in "".join(partner_rows.render(tmp_path).values())


def test_a_table_without_a_schema_is_refused(tmp_path: Path, tables: Any) -> None:
    schema(tmp_path, "notes_v1")
    tables(StoreTable("notes_v1"), StoreTable("missing_v1"))

    with pytest.raises(KeyError, match="missing_v1"):
        partner_rows.render(tmp_path)


def test_without_the_file_of_parameters_there_is_nothing_to_write(tmp_path: Path) -> None:
    assert partner_rows.render(tmp_path) == {}


def test_parameters_of_statements_by_hand_stay(tmp_path: Path, tables: Any) -> None:
    schema(tmp_path, "notes_v1", "at", "TIMESTAMP")
    tables(StoreTable("notes_v1"))
    by_hand = {"forget": {"now": "TIMESTAMP"}}
    stale = {"delete_partner_gone_v1": {"partner": "STRING"}}
    declared = {"operate": {"settle": {}}, "privacy": by_hand | stale}
    (tmp_path / partner_rows.PARAMETERS).write_text(json.dumps(declared))
    written = json.loads(partner_rows.render(tmp_path)[partner_rows.PARAMETERS])

    of_partner = {"partner": "STRING", "since": "TIMESTAMP"}
    assert written["operate"] == declared["operate"]
    assert written["privacy"] == by_hand | {
        "count_partner_rows": {"now": "TIMESTAMP"} | of_partner,
        "delete_partner_notes_v1": of_partner,
    }


def test_a_table_is_deleted_before_the_tables_that_its_statement_reads() -> None:
    """Otherwise, a statement could not find rows on hold, or rows that an erasure hides."""
    order = [table.name for table in inventory.partner_tables()]
    for place, name in enumerate(order):
        statement = (ROOT / f"sql/privacy/delete_partner_{name}.sql").read_text()
        read = set(re.findall(r"\$\{store\}\.(\w+)`", statement))
        assert not read & set(order[:place]), name
    assert order.index("events_v1") < order.index("erasures_v1"), "erasures hide events until then"


def test_every_file_says_that_it_is_generated() -> None:
    statements = [text for path, text in partner_rows.render(ROOT).items() if path.endswith(".sql")]

    assert len(statements) == len(inventory.partner_tables()) + 1
    assert all(text.startswith(partner_rows.HEADER) for text in statements)
