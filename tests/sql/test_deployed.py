"""What a real client sees of the warehouse that the stand-in was given."""

import pytest
from google.cloud import bigquery

from functions.warehouse import Warehouse, list_tables, list_views
from local.warehouse import create_warehouse, describe

pytestmark = pytest.mark.cell

WAREHOUSE = Warehouse("local.chat_eu_store", "local.chat_eu")


def test_every_table_is_as_its_file_says(warehouse: bigquery.Client) -> None:
    for table in list_tables():
        described = describe(table, WAREHOUSE)
        found = warehouse.get_table(described.reference)
        assert found.schema == described.schema
        assert found.description == described.description
        assert found.clustering_fields == described.clustering_fields
        assert found.time_partitioning == described.time_partitioning


def test_every_view_answers(warehouse: bigquery.Client) -> None:
    assert {item.table_id for item in warehouse.list_tables(WAREHOUSE.bi)} == {
        view.name for view in list_views()
    }


def test_both_datasets_are_in_the_cells_location(warehouse: bigquery.Client) -> None:
    locations = {warehouse.get_dataset(name).location for name in (WAREHOUSE.store, WAREHOUSE.bi)}
    assert locations == {"europe-west1"}


def test_a_second_start_keeps_the_rows(empty_warehouse: bigquery.Client) -> None:
    insert = (
        "INSERT INTO chat_eu_store.erasures_v1"
        " (erasure_id, project, user_key, hidden_key, covers_until, status)"
        " VALUES ('e1', 'dev', 'ann', 'hidden-1', CURRENT_TIMESTAMP(), 'restored')"
    )
    empty_warehouse.query(insert).result()
    create_warehouse(empty_warehouse, "local", "europe-west1", "chat_eu_store", "chat_eu")
    rows = empty_warehouse.query("SELECT erasure_id FROM chat_eu_store.erasures_v1").result()
    assert [row.erasure_id for row in rows] == ["e1"]
