"""The warehouse in the BigQuery stand-in, from the files that Terraform deploys.

Tables are created through the API, because the stand-in forgets the partitioning and clustering of
tables that DDL creates. Views are created by one script of DDL: the API of the stand-in would store
an empty table instead, and one script takes half the time of a request for each view.
"""

from collections.abc import Iterable
from hashlib import sha256

from google.cloud import bigquery
from msgspec import to_builtins

from functions.warehouse.schema import TableSchema, View, Warehouse, list_tables, list_views, render
from local.clients import ONCE

TIMEOUT = 120
"""The time limit of one request, in seconds."""
DAY = 24 * 60 * 60 * 1000
"""A day in milliseconds."""
VIEWS_LABEL = "views"
"""The label of the BI dataset that has a digest of the views' texts."""


class SchemaChanged(RuntimeError):
    """A table of an earlier start has other columns than its file."""


def create_warehouse(
    client: bigquery.Client, project: str, location: str, store_dataset: str, bi_dataset: str
) -> None:
    """Create a cell's datasets, tables and views as the files in ``sql/`` say.

    Args:
        client: a client of the stand-in.
        project: the Google Cloud project.
        location: the cell's region.
        store_dataset: the name of the dataset with the tables.
        bi_dataset: the name of the dataset that BI tools see.

    Raises:
        SchemaChanged: a table of an earlier start has other columns than its file.
    """
    warehouse = Warehouse(f"{project}.{store_dataset}", f"{project}.{bi_dataset}")
    create_datasets(client, warehouse, location)
    for table in list_tables():
        create_table(client, describe(table, warehouse))
    replace_views(client, warehouse, list_views())


def create_datasets(client: bigquery.Client, warehouse: Warehouse, location: str) -> None:
    """Create the two datasets; all views of the BI dataset may read the store."""
    store, bi = bigquery.Dataset(warehouse.store), bigquery.Dataset(warehouse.bi)
    store.location = bi.location = location
    # One entry for the whole dataset also covers views that are created later.
    views = {"dataset": bi.reference.to_api_repr(), "targetTypes": ["VIEWS"]}
    store.access_entries = [bigquery.AccessEntry(entity_type="dataset", entity_id=views)]
    for dataset in (bi, store):
        client.create_dataset(dataset, exists_ok=True, retry=ONCE, timeout=TIMEOUT)


def describe(table: TableSchema, warehouse: Warehouse) -> bigquery.Table:
    """Return a table's description as an object of the client library."""
    schema = [bigquery.SchemaField.from_api_repr(to_builtins(column)) for column in table.schema]
    described = bigquery.Table(f"{warehouse.store}.{table.name}", schema=schema)
    described.description = table.description
    described.clustering_fields = list(table.clustering) or None
    if table.partition_by is not None:
        described.time_partitioning = bigquery.TimePartitioning(
            field=table.partition_by,
            expiration_ms=warehouse.retention_days * DAY if table.expires else None,
        )
        described.require_partition_filter = table.require_partition_filter
    return described


def create_table(client: bigquery.Client, described: bigquery.Table) -> None:
    """Create a table, or check that the existing one has the described columns.

    Raises:
        SchemaChanged: the table exists with other columns.
    """
    table = client.create_table(described, exists_ok=True, retry=ONCE, timeout=TIMEOUT)
    if _shape(table.schema) != _shape(described.schema):
        raise SchemaChanged(
            f"the columns of table {described.table_id} differ from its file in sql/store, and the "
            "BigQuery stand-in cannot change columns: use a new data dir, or delete this one"
        )


def _shape(schema: Iterable[bigquery.SchemaField]) -> list[tuple[object, ...]]:
    return [(field.name, field.field_type, field.mode, _shape(field.fields)) for field in schema]


def replace_views(client: bigquery.Client, warehouse: Warehouse, views: Iterable[View]) -> None:
    """Make these the views of the BI dataset: create or replace them in order, drop all others.

    The stand-in does not return the text of a view, so a label of the dataset has a digest of all
    texts. If the digest is the same, nothing is done.
    """
    variables = warehouse.variables()
    texts = {view.name: render(view.query, variables) for view in views}
    digest = sha256(repr(texts).encode()).hexdigest()[:32]
    dataset = client.get_dataset(warehouse.bi, retry=ONCE, timeout=TIMEOUT)
    if dataset.labels.get(VIEWS_LABEL) == digest:
        return
    found = {item.table_id for item in client.list_tables(dataset, retry=ONCE, timeout=TIMEOUT)}
    statements = [f"DROP VIEW `{warehouse.bi}.{name}`" for name in sorted(found - texts.keys())]
    statements += [
        f"CREATE OR REPLACE VIEW `{warehouse.bi}.{name}` AS\n{text}" for name, text in texts.items()
    ]
    script = client.query(";\n".join(statements), retry=ONCE, job_retry=None, timeout=TIMEOUT)
    script.result(retry=ONCE, job_retry=None, timeout=TIMEOUT)
    dataset.labels = {VIEWS_LABEL: digest}
    client.update_dataset(dataset, ["labels"], retry=ONCE, timeout=TIMEOUT)
