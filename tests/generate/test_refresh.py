"""`make generate` writes the lists of columns in the statements that refresh rollups."""

import json
import re
import shutil
from pathlib import Path

import pytest

from generate import refresh
from generate.__main__ import ROOT

DAILY = "sql/operate/refresh_daily.sql"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "sql", tmp_path / "sql")
    return tmp_path


def add(copy: Path, file: str, name: str) -> None:
    path = copy / file
    described = json.loads(path.read_text())
    columns = described["schema"] if isinstance(described, dict) else described
    columns.append({"name": name, "type": "INTEGER", "mode": "NULLABLE", "description": "It."})
    path.write_text(json.dumps(described))


def test_a_new_column_reaches_every_list(copy: Path) -> None:
    add(copy, "sql/bi/daily_activity.json", "invitations")
    add(copy, "sql/store/daily_v1.json", "invitations")
    written = refresh.render(copy)
    lines = {line.strip(" ,") for line in written[DAILY].splitlines()}
    assert {"activity.invitations", "COALESCE(counted.invitations, 0) AS invitations"} <= lines
    assert re.search(r"\w+,\s+invitations\n  \)", written[DAILY]), "the last column of INSERT"
    assert "fresh.invitations\n  )" in written[DAILY]
    assert "numbers.invitations" not in written[DAILY], "only numbers of people are compared"
    assert "COALESCE(invitations, 0) AS invitations\n" in written[refresh.DASHBOARD]


def test_a_column_that_no_view_counts_is_refused(copy: Path) -> None:
    add(copy, "sql/store/daily_v1.json", "invitations")
    with pytest.raises(ValueError, match=r"daily_v1\.invitations is in none of"):
        refresh.render(copy)


def test_a_statement_without_a_part_is_refused(copy: Path) -> None:
    path = copy / DAILY
    path.write_text(path.read_text().replace("generated: insert", "by hand"))
    with pytest.raises(ValueError, match=r"refresh_daily.sql has the generated parts .*not"):
        refresh.render(copy)


def test_people_are_columns_of_their_table() -> None:
    for rollup in refresh.ROLLUPS:
        schema = json.loads((ROOT / f"sql/store/{rollup.table}.json").read_text())["schema"]
        integers = {column["name"] for column in schema if column["type"] == "INTEGER"}
        assert rollup.people <= integers


@pytest.mark.parametrize("rollup", refresh.ROLLUPS, ids=lambda rollup: rollup.table)
def test_rows_that_a_rollup_has_twice_are_found(rollup: refresh.Rollup) -> None:
    text = (ROOT / "sql/operate/find_days_with_double_rollups.sql").read_text()
    [read] = [part for part in text.split("UNION ALL") if f"${{store}}.{rollup.table}`" in part]
    grouped = re.search(r"GROUP BY (.+)\n", read)
    assert grouped is not None
    assert tuple(grouped[1].split(", ")) == rollup.keys
