import json
from typing import Any

import pytest
from google.cloud import bigquery

from functions.warehouse.schema import Column, TableSchema, View, Warehouse
from local.warehouse import (
    SchemaChanged,
    create_datasets,
    create_table,
    describe,
    replace_views,
)

WAREHOUSE = Warehouse("p.store", "p.bi", retention_days=2)
TABLE = TableSchema(
    name="rows_v1",
    description="Rows.",
    schema=(
        Column("at", "TIMESTAMP", "REQUIRED", "When."),
        Column("room", "RECORD", fields=(Column("tags", "STRING", "REPEATED"),)),
    ),
    partition_by="at",
    expires=True,
    require_partition_filter=True,
    clustering=("room",),
)


class RecordingClient:
    """Stands for BigQuery's client when all objects exist already, and records the calls."""

    def __init__(self, tables: list[Any] | None = None) -> None:
        self.tables = tables or []
        self.datasets: list[bigquery.Dataset] = []
        self.scripts: list[str] = []

    def create_dataset(self, dataset: bigquery.Dataset, **_: object) -> None:
        self.datasets.append(dataset)

    def create_table(self, *_: object, **__: object) -> Any:
        return self.tables[0]

    def get_dataset(self, name: str, **_: object) -> bigquery.Dataset:
        return self.datasets[-1] if self.datasets else bigquery.Dataset(name)

    def update_dataset(self, dataset: bigquery.Dataset, *_: object, **__: object) -> None:
        self.datasets.append(dataset)

    def list_tables(self, *_: object, **__: object) -> list[Any]:
        return self.tables

    def query(self, script: str, **_: object) -> "RecordingClient":
        self.scripts.append(script)
        return self

    def result(self, **_: object) -> None:
        return None


def client(tables: list[Any] | None = None) -> Any:
    return RecordingClient(tables)


def test_a_table_is_described_as_the_api_takes_it() -> None:
    sent = json.loads(json.dumps(describe(TABLE, WAREHOUSE).to_api_repr()))
    assert sent == {
        "tableReference": {"projectId": "p", "datasetId": "store", "tableId": "rows_v1"},
        "description": "Rows.",
        "labels": {},
        "clustering": {"fields": ["room"]},
        "requirePartitionFilter": True,
        "timePartitioning": {"type": "DAY", "field": "at", "expirationMs": "172800000"},
        "schema": {
            "fields": [
                {"name": "at", "type": "TIMESTAMP", "mode": "REQUIRED", "description": "When."},
                {
                    "name": "room",
                    "type": "RECORD",
                    "mode": "NULLABLE",
                    "fields": [{"name": "tags", "type": "STRING", "mode": "REPEATED"}],
                },
            ]
        },
    }


def test_the_views_are_authorised_as_one_entry_in_one_location() -> None:
    recording = client()
    create_datasets(recording, WAREHOUSE, "europe-west1")
    bi, store = recording.datasets
    assert (bi.location, store.location) == ("europe-west1", "europe-west1")
    (entry,) = store.access_entries
    views = {"dataset": {"projectId": "p", "datasetId": "bi"}, "targetTypes": ["VIEWS"]}
    assert entry.to_api_repr()["dataset"] == views


def test_a_table_that_is_there_is_left_alone() -> None:
    described = describe(TABLE, WAREHOUSE)
    create_table(client([described]), described)


@pytest.mark.parametrize(
    "columns",
    [
        TABLE.schema[:1],
        (Column("at", "TIMESTAMP"), TABLE.schema[1]),
        (TABLE.schema[0], Column("room", "RECORD", fields=(Column("tags", "STRING"),))),
    ],
    ids=["fewer", "another mode", "another mode inside"],
)
def test_an_error_about_other_columns_says_what_to_do(columns: tuple[Column, ...]) -> None:
    found = describe(TableSchema(name="rows_v1", description="", schema=columns), WAREHOUSE)
    with pytest.raises(SchemaChanged, match="new data dir"):
        create_table(client([found]), describe(TABLE, WAREHOUSE))


def test_views_are_replaced_in_order_and_old_views_are_dropped() -> None:
    recording = client([bigquery.Table("p.bi.gone").reference, bigquery.Table("p.bi.a").reference])
    views = [
        View("b", "SELECT 1 AS x", frozenset()),
        View("a", "SELECT x FROM `${bi}.b`", frozenset("b")),
    ]
    replace_views(recording, WAREHOUSE, views)
    (script,) = recording.scripts
    assert script.split(";\n") == [
        "DROP VIEW `p.bi.gone`",
        "CREATE OR REPLACE VIEW `p.bi.b` AS\nSELECT 1 AS x",
        "CREATE OR REPLACE VIEW `p.bi.a` AS\nSELECT x FROM `p.bi.b`",
    ]


def test_the_same_views_again_are_left_alone() -> None:
    recording = client()
    first, second = (View("a", f"SELECT {number} AS x", frozenset()) for number in (1, 2))
    for views in ([first], [first], [second]):
        replace_views(recording, WAREHOUSE, views)
    assert [script[-1:] for script in recording.scripts] == ["x", "x"]
    assert "SELECT 2" in recording.scripts[1]
