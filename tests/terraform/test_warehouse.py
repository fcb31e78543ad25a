"""Terraform plans tables and views as the files in sql/ say; the embedded cell uses these files."""

import re
from typing import Any

import msgspec
import pytest
import sqlglot
from sqlglot import exp

from functions.warehouse.schema import (
    OPEN_WINDOW_DAYS,
    RETENTION_DAYS,
    Column,
    Warehouse,
    list_tables,
    list_views,
    render,
)
from tests.terraform.resources import of_type
from tests.terraform.workspace import ROOT

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

MODULE = ROOT / "terraform" / "modules" / "cell"


def test_tables_are_as_their_files_say(full_plan: dict[str, Any]) -> None:
    planned = {
        resource.values["table_id"]: resource.values
        for resource in of_type(full_plan["planned_values"], "google_bigquery_table")
        if resource.cell == "eu" and resource.name == "store"
    }
    tables = {table.name: table for table in list_tables()}

    assert set(planned) == set(tables)
    for name, table in tables.items():
        values = planned[name]
        partitioning = values["time_partitioning"]
        lasts = RETENTION_DAYS * 24 * 60 * 60 * 1000 if table.expires else None
        assert msgspec.json.decode(values["schema"], type=tuple[Column, ...]) == table.schema
        assert tuple(values["clustering"] or ()) == table.clustering
        assert values["require_partition_filter"] == table.require_partition_filter
        assert [part["field"] for part in partitioning] == [table.partition_by][: len(partitioning)]
        assert bool(partitioning) == bool(table.partition_by)
        assert [part.get("expiration_ms") for part in partitioning] == [lasts][: len(partitioning)]


def test_every_view_is_there_as_its_file_renders(full_plan: dict[str, Any]) -> None:
    planned = {
        resource.values["table_id"]: resource.values["view"][0]
        for resource in of_type(full_plan["planned_values"], "google_bigquery_table")
        if resource.values["dataset_id"] == "chat_eu"
    }
    warehouse = Warehouse("acme-chat-prod.chat_eu_store", "acme-chat-prod.chat_eu")
    rendered = {view.name: render(view.query, warehouse.variables()) for view in list_views()}

    described = {
        (resource.values["dataset_id"], resource.values["table_id"]): resource.values["schema"]
        for resource in of_type(full_plan["planned_values"], "google_bigquery_table")
        if resource.values["view"]
    }

    assert {name: view["query"] for name, view in planned.items()} == rendered
    for view in list_views():
        for dataset in ("chat_eu", "chat_eu_acme"):
            schema = msgspec.json.decode(described[dataset, view.name], type=tuple[Column, ...])
            assert schema == view.columns
    assert not any(view["use_legacy_sql"] for view in planned.values())


def test_a_partner_s_views_never_read_the_store(full_plan: dict[str, Any]) -> None:
    planned = {
        resource.values["table_id"]: resource.values["view"][0]["query"]
        for resource in of_type(full_plan["planned_values"], "google_bigquery_table")
        if resource.values["dataset_id"] == "chat_eu_acme"
    }

    assert set(planned) == {view.name for view in list_views()}
    assert not [name for name, query in planned.items() if "chat_eu_store" in query]
    assert planned["events"].endswith(
        "WHERE partner = 'acme' AND project IN ('acme-prod', 'acme-us')"
    )
    reads_the_cell = re.compile(r"`acme-chat-prod\.chat_eu\.")
    unfiltered = [
        name
        for name, query in planned.items()
        if reads_the_cell.search(query)
        and not re.search(r"\nWHERE (?:project IN|partner =)", query)
    ]
    assert unfiltered == []


def test_no_view_is_created_before_the_tables_and_views_that_it_reads(
    full_plan: dict[str, Any],
) -> None:
    planned = {
        f"{resource.values['dataset_id']}.{resource.values['table_id']}": resource
        for resource in of_type(full_plan["planned_values"], "google_bigquery_table")
    }
    waves = {
        name: int(resource.name.removeprefix("view_"))
        for name, resource in planned.items()
        if resource.name.startswith("view_")
    }
    reads = {
        name: re.findall(r"`acme-chat-prod\.(\w+\.\w+)`", planned[name].values["view"][0]["query"])
        for name in waves
    }

    assert max(waves.values()) > 1
    assert all(reads.values())
    assert [
        (name, read)
        for name, wave in waves.items()
        for read in reads[name]
        if waves.get(read, -1) >= wave
    ] == []
    # The others are tables, and all views wait for all tables.
    assert {read for found in reads.values() for read in found} <= planned.keys()


def test_every_view_of_the_store_can_be_filtered_by_project() -> None:
    # A partner's dataset shows the view with a filter on the partner's projects.
    for view in list_views():
        if "${store}" in view.query:
            query = render(view.query, Warehouse("p.store", "p.bi").variables())
            selected = sqlglot.parse_one(query, read="bigquery")
            assert isinstance(selected, exp.Query)
            columns = selected.named_selects
            assert "partner" in columns if view.name == "test_deliveries" else "project" in columns


def test_the_open_window_is_the_same() -> None:
    views = (MODULE / "views.tf").read_text()

    assert re.search(rf"open_window_days\s+= {OPEN_WINDOW_DAYS}\b", views)
