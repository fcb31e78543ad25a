"""The planned views of a partner's dataset, in the BigQuery stand-in, show no rows of others."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud import bigquery

from functions.events.catalogue import load_catalogue
from functions.warehouse.schema import Column, View, Warehouse, list_tables, list_views
from local.warehouse import create_datasets, create_warehouse, replace_views
from tests.sql import event_rows
from tests.sql.stand_in import LOCATION, PROJECT, WAREHOUSE, connect, running
from tests.terraform.resources import of_type
from tests.terraform.scenarios import PROJECT as PLANNED

pytestmark = [pytest.mark.terraform, pytest.mark.soak, pytest.mark.xdist_group("plan")]

OWN, OTHER = "acme", "globex"
ROLLUPS = [
    table for table in list_tables() if table.partition_by in {"day", "week"} and not table.people
]
RECEIVED = "2026-01-01T00:00:00Z"


def events(partner: str) -> list[dict[str, Any]]:
    """Return a row for each event of the catalogue, with the partner's name in all its ids."""
    catalogue = load_catalogue()
    names = [("chat", event.name) for event in catalogue.events]
    names += [("room", event.name) for event in catalogue.room_events]
    return [
        {
            "ingest_id": f"{partner}-{number}",
            "delivery_id": f"{partner}-{number}",
            "kind": kind,
            "partner": partner,
            "project": f"{partner}-prod",
            "event": name or None,
            "catalogued": False,
            "room_id": f"{partner}-room",
            "user_key": f"{partner}-user",
            "flags": ["unknown:shade"],
        }
        for number, (kind, name) in enumerate([*names, ("test", "")])
    ]


def rollup(columns: tuple[Column, ...], partner: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "INTEGER": 1, "DATE": "2026-01-01", "TIMESTAMP": RECEIVED, "STRING": f"{partner}-prod"
    }  # fmt: skip
    return {column.name: values[column.type] for column in columns} | {"partner": partner}


@pytest.fixture(scope="module")
def client(full_plan: dict[str, Any]) -> Iterator[bigquery.Client]:
    """A warehouse with rows of two partners, and with the planned dataset of one of them."""
    planned = {
        found.values["table_id"]: found.values["view"][0]["query"].replace(
            f"`{PLANNED}.", "`local."
        )
        for found in of_type(full_plan["planned_values"], "google_bigquery_table")
        if found.values["dataset_id"] == "chat_eu_acme"
    }
    with running() as stand_in:
        client = connect(stand_in)
        create_warehouse(client, PROJECT, LOCATION, "chat_eu_store", "chat_eu")
        partner = Warehouse(WAREHOUSE.store, "local.chat_eu_acme")
        create_datasets(client, partner, LOCATION)
        replace_views(
            client,
            partner,
            [View(view.name, planned[view.name], frozenset()) for view in list_views()],
        )
        now = next(iter(client.query("SELECT CURRENT_TIMESTAMP() AS now").result())).now
        stamps = {"received_at": now.isoformat(), "stored_at": now.isoformat()}
        rows = [row | stamps for name in (OWN, OTHER) for row in events(name)]
        fill(client, "events_v1", rows)
        for table in ROLLUPS:
            fill(client, table.name, [rollup(table.schema, name) for name in (OWN, OTHER)])
        yield client


def fill(client: bigquery.Client, table: str, rows: list[dict[str, Any]]) -> None:
    event_rows.fill(client, WAREHOUSE.store, table, rows)


def shown(client: bigquery.Client, dataset: str, view: str) -> str:
    rows = client.query(f"SELECT * FROM `local.{dataset}.{view}`").result()
    return repr([tuple(row.items()) for row in rows])


def test_a_project_s_name_does_not_bring_its_former_partner_s_rows(
    client: bigquery.Client, full_plan: dict[str, Any]
) -> None:
    [view] = [
        found.values["view"][0]["query"]
        for found in of_type(full_plan["planned_values"], "google_bigquery_table")
        if (found.values["dataset_id"], found.values["table_id"]) == ("chat_eu_acme", "events")
    ]

    assert view.endswith("WHERE partner = 'acme' AND project IN ('acme-prod', 'acme-us')")


def test_no_view_of_a_partner_shows_another_s_rows(client: bigquery.Client) -> None:
    for view in list_views():
        assert OTHER in shown(client, "chat_eu", view.name), view.name
        own = shown(client, "chat_eu_acme", view.name)
        assert OWN in own, view.name
        assert OTHER not in own, view.name
