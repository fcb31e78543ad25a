"""Checks with dry runs that BigQuery accepts each statement, and how many bytes it would read.

Each parameter of a statement gets a value of its declared type. A dry run executes nothing, so no
row changes.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from functions.warehouse.parameters import Parameter, declared, query_parameters
from functions.warehouse.schema import SQL, Warehouse, render
from verify.deployment import Cell
from verify.estimates import AT_A_TIME, estimate, in_units, judged
from verify.finding import Finding

CHECK = "the statement can be run"


def check_statements(bigquery: Any, cell: Cell) -> Iterator[Finding]:
    """Dry-run every statement of ``operate``, ``privacy`` and ``dashboard``.

    Args:
        bigquery: a `google.cloud.bigquery.Client`.
        cell: the cell whose tables and views the statements use.
    """
    names = [(folder, name) for folder, texts in declared().items() for name in texts]
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        yield from threads.map(
            lambda statement: check_statement(bigquery, cell, *statement), sorted(names)
        )


def check_statement(bigquery: Any, cell: Cell, folder: str, name: str) -> Finding:
    """Dry-run the statement in the file ``sql/<folder>/<name>.sql``."""
    finding = Finding(cell.name, CHECK, f"{folder}/{name}", "holds")
    warehouse = Warehouse(
        f"{cell.project_id}.{cell.datasets.store}", f"{cell.project_id}.{cell.datasets.bi}"
    )
    text = (SQL / folder / f"{name}.sql").read_text("utf-8")
    sql = render(text, warehouse.variables())
    values = {parameter: _value(kind) for parameter, kind in declared()[folder][name].items()}

    def measure() -> Finding:
        read = estimate(bigquery, sql, query_parameters(folder, name, values)).bytes
        return finding._replace(detail=f"reads {in_units(read)}", figures={"bytes": read})

    return judged(finding, measure)


def _value(kind: str) -> Parameter:
    """Return a value of a type; an array has an element, because BigQuery may skip empty arrays."""
    now = datetime.now(UTC)
    values: dict[str, Parameter] = {
        "TIMESTAMP": now,
        "DATE": now.date(),
        "STRING": "",
        "ARRAY<STRING>": ["{}"],
        "ARRAY<TIMESTAMP>": [now],
    }
    return values[kind]
