"""Google's analyser accepts every SQL text that Terraform gives to Google."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from functions.warehouse.schema import Column, list_views
from googlesql.analyser import Analyser
from googlesql.catalogue import type_of_column
from tests.googlesql.texts import SQL_TEXT
from tests.terraform.resources import of_type
from tests.terraform.scenarios import PROJECT
from tests.terraform.workspace import ROOT

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

HERE = re.compile(r"<<-?SQL\n\s*(\w+ \w+)")


def texts(value: object) -> Iterator[str]:
    """Yield all SQL texts in a plan, at any depth."""
    if isinstance(value, str) and SQL_TEXT.match(value):
        yield value
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from texts(inner)


def datasets(planned: dict[str, Any]) -> dict[str, dict[str, tuple[Column, ...]]]:
    """The planned tables and views with their columns, by dataset."""
    found: dict[str, dict[str, tuple[Column, ...]]] = {}
    for table in of_type(planned, "google_bigquery_table"):
        columns = msgspec.json.decode(table.values["schema"], type=tuple[Column, ...])
        found.setdefault(table.values["dataset_id"], {})[table.values["table_id"]] = columns
    return found


@pytest.fixture(scope="module")
def analyser(full_plan: dict[str, Any]) -> Analyser:
    return Analyser(PROJECT, datasets(full_plan["planned_values"]))


def test_every_text_is_accepted(full_plan: dict[str, Any], analyser: Analyser) -> None:
    found = set(texts(full_plan["planned_values"]))
    # The views of two cells, and of two datasets of a partner.
    assert len(found) > 4 * len(list_views())
    for text in found:
        assert analyser.analyse(text).kind in {"query", "alter_object"}, text


def test_every_view_returns_its_columns(full_plan: dict[str, Any], analyser: Analyser) -> None:
    for table in of_type(full_plan["planned_values"], "google_bigquery_table"):
        if table.values["view"]:
            resolved = analyser.analyse(table.values["view"][0]["query"])
            columns = msgspec.json.decode(table.values["schema"], type=tuple[Column, ...])
            assert resolved.columns == [(each.name, type_of_column(each)) for each in columns]


def test_no_text_of_the_configuration_is_missing(full_plan: dict[str, Any]) -> None:
    found = "\n".join(texts(full_plan["planned_values"]))
    written = [
        beginning
        for file in (ROOT / "terraform").rglob("*.tf")
        if ".terraform" not in file.parts
        for beginning in HERE.findall(file.read_text())
    ]
    assert "ALTER PROJECT" in written
    assert [beginning for beginning in written if beginning not in found] == []


def test_a_text_is_found_wherever_it_stands() -> None:
    plan = json.loads('{"a": [{"query": "SELECT x FROM y", "b": "select"}], "c": "DROP TABLE t"}')
    assert list(texts(plan)) == ["SELECT x FROM y", "DROP TABLE t"]
