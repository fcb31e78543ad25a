"""A BigQuery stand-in with all tables and views, which all tests of SQL share."""

from collections.abc import Iterator

import pytest
from google.cloud import bigquery

from functions.warehouse.schema import list_tables
from local.warehouse import create_warehouse
from tests.sql import new_year
from tests.sql.stand_in import LOCATION, PROJECT, WAREHOUSE, StandIn, connect, running


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandIn]:
    with running() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def warehouse(stand_in: StandIn) -> bigquery.Client:
    """A client of the stand-in, which has the tables and views of ``sql/``."""
    client = connect(stand_in)
    create_warehouse(client, PROJECT, LOCATION, "chat_eu_store", "chat_eu")
    return client


@pytest.fixture
def empty_warehouse(warehouse: bigquery.Client) -> bigquery.Client:
    """The client of the stand-in, after the rows of earlier tests are deleted."""
    deletes = [
        f"DELETE FROM `{WAREHOUSE.store}.{table.name}` WHERE TRUE" for table in list_tables()
    ]
    warehouse.query(";\n".join(deletes)).result()
    return warehouse


@pytest.fixture(scope="session")
def new_year_views(warehouse: bigquery.Client) -> None:
    """Create the BI views whose clock shows a fixed moment (see `new_year`)."""
    new_year.create_views(warehouse)


@pytest.fixture
def as_of_new_year(new_year_views: None, empty_warehouse: bigquery.Client) -> bigquery.Client:
    """The client of the stand-in, with the views of the fixed moment and without rows."""
    return empty_warehouse
