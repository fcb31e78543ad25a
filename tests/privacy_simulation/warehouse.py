"""A warehouse on the BigQuery stand-in, whose views use the clock of the simulation."""

import json
from datetime import datetime
from typing import Any

from google.cloud import bigquery

from functions.warehouse.schema import Warehouse, list_tables, list_views
from local.warehouse import create_datasets, create_table, describe, replace_views
from tests.fakes.statements import WatchedStatements
from tests.sql.stand_in import LOCATION, StandIn, connect

WAREHOUSE = Warehouse("local.simulated_store", "local.simulated")
CLOCK = f"(SELECT MAX(now) FROM `{WAREHOUSE.store}.clock`)"
SHOWN = {"event_message_sent", "event_delete_profile_confirmed"}
"""The views of single events that are created; all of them have the same form."""


class Simulated:
    """The warehouse.

    Args:
        stand_in: the stand-in in which the warehouse is created.
    """

    def __init__(self, stand_in: StandIn) -> None:
        self._rest = stand_in.rest
        self.client = connect(stand_in)
        create_datasets(self.client, WAREHOUSE, LOCATION)
        self.tables = [table.name for table in list_tables()]
        for table in list_tables():
            create_table(self.client, describe(table, WAREHOUSE))
        self.rows(f"CREATE TABLE `{WAREHOUSE.store}.clock` (now TIMESTAMP)")
        views = [
            view._replace(query=view.query.replace("CURRENT_TIMESTAMP()", CLOCK))
            for view in list_views()
            if not view.name.startswith("event_") or view.name in SHOWN
        ]
        self.views = [view.name for view in views]
        replace_views(self.client, WAREHOUSE, views)

    def statements(self, folder: str) -> WatchedStatements:
        """Return the statements of a folder."""
        return WatchedStatements(folder, self._rest, WAREHOUSE)

    def set_clock(self, now: datetime) -> None:
        """Set the clock that the views use."""
        clock = f"`{WAREHOUSE.store}.clock`"
        self.rows(f"DELETE FROM {clock} WHERE TRUE; INSERT INTO {clock} VALUES ('{now}')")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Run a query and return its rows; names without a dataset mean views."""
        config = bigquery.QueryJobConfig(default_dataset=WAREHOUSE.bi)
        return [dict(row) for row in self.client.query(sql, job_config=config).result()]

    def table(self, name: str) -> list[dict[str, Any]]:
        """Return all rows of a table in the store."""
        return self.rows(f"SELECT * FROM `{WAREHOUSE.store}.{name}`")

    def exported(self, name: str) -> str:
        """Return all rows of a table in the store as JSON."""
        return json.dumps(self.table(name), default=str)
