from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.warehouse.schema import (
    INCLUDED_QUERIES,
    SIX_MONTHS_DAYS,
    TemplateError,
    Warehouse,
    dataset_name,
    list_tables,
    list_views,
    render,
)

COLUMNS = '[{"name": "x", "type": "STRING", "description": "It."}]'


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
        if name.startswith("bi/"):
            (root / name).with_suffix(".json").write_text(COLUMNS)
    return root


def test_variables_are_those_of_the_files() -> None:
    variables = Warehouse("p.store", "p.bi").variables()
    queries = {name: variables.pop(name) for name in INCLUDED_QUERIES}
    assert variables == {
        "store": "p.store",
        "bi": "p.bi",
        "open_window_days": "8",
        "retention_days": "215",
    }
    assert all("FROM `p.store." in query for query in queries.values())


def test_no_six_months_have_more_days() -> None:
    """Six years include both lengths of February; a span ends 6 months after its first day."""
    firsts = [date(year, month, 1) for year in range(2024, 2030) for month in range(1, 13)]
    longest = max((later - first).days for first, later in zip(firsts, firsts[6:], strict=False))

    assert longest == SIX_MONTHS_DAYS


def test_render_fills_in() -> None:
    assert render("FROM `${store}.t` -- ${store}", {"store": "p.s"}) == "FROM `p.s.t` -- p.s"


@given(st.text().filter(lambda text: "$" not in text))
def test_render_leaves_the_rest_alone(text: str) -> None:
    assert render(text, {"store": "p.s"}) == text


@pytest.mark.parametrize("text", ["${unknown}", "100$", "$ {store}", "${sto re}", "${}"])
def test_render_refuses_what_terraform_would(text: str) -> None:
    with pytest.raises(TemplateError):
        render(text, {"store": "p.s"})


def test_every_view_of_the_project_renders() -> None:
    variables = Warehouse("p.store", "p.bi").variables()
    for view in list_views():
        assert "${" not in render(view.query, variables)


def test_a_table_is_read_with_nested_columns(tmp_path: Path) -> None:
    text = """{"description": "Rows.", "partition_by": "at", "expires": true, "schema": [
      {"name": "at", "type": "TIMESTAMP", "mode": "REQUIRED"},
      {"name": "room", "type": "RECORD", "fields": [{"name": "id", "type": "STRING"}]}
    ]}"""
    (table,) = list_tables(write(tmp_path, {"store/rows_v1.json": text}))
    assert (table.name, table.partition_by, table.clustering) == ("rows_v1", "at", ())
    assert [column.name for column in table.schema[1].fields] == ["id"]


def test_a_misspelt_member_is_refused(tmp_path: Path) -> None:
    text = '{"description": "Rows.", "partitioned_by": "at", "schema": []}'
    with pytest.raises(msgspec.ValidationError, match="partitioned_by"):
        list_tables(write(tmp_path, {"store/rows_v1.json": text}))


def test_a_view_comes_after_those_that_it_reads(tmp_path: Path) -> None:
    files = {
        "bi/a.sql": "SELECT x FROM `${bi}.c`",
        "bi/b.sql": "SELECT x FROM `${store}.rows_v1`",
        "bi/c.sql": "SELECT x FROM `${bi}.b` JOIN `${bi}.b` USING (x)",
    }
    views = list_views(write(tmp_path, files))
    assert [view.name for view in views] == ["b", "c", "a"]
    assert [column.description for column in views[0].columns] == ["It."]


def test_a_circle_of_views_is_refused(tmp_path: Path) -> None:
    files = {"bi/a.sql": "SELECT x FROM `${bi}.b`", "bi/b.sql": "SELECT x FROM `${bi}.a`"}
    with pytest.raises(ValueError, match="views read each other"):
        list_views(write(tmp_path, files))


def test_an_unknown_view_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"view a reads \['b'\]"):
        list_views(write(tmp_path, {"bi/a.sql": "SELECT x FROM `${bi}.b`"}))


def test_a_dataset_has_a_name_for_sql() -> None:
    assert dataset_name("projects/p/datasets/d") == "p.d"


@pytest.mark.parametrize("resource", ["", "p.d", "projects/p/datasets/", "projects/p/topics/t"])
def test_a_malformed_dataset_name_is_refused(resource: str) -> None:
    with pytest.raises(ValueError, match="projects/P/datasets/D"):
        dataset_name(resource)
