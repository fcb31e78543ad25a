"""The reference evaluator of Google's SQL library, which runs a query over given rows.

The evaluator has no datasets, and only the aggregates of the library. So the path of a table is
replaced by its last name, and ``MAX_BY(a, b)`` by ``ANY_VALUE(a HAVING MAX b)``. BigQuery's
reference says that both are the same:
https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from zetasql.core.exceptions import ZetaSQLError
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.public import value_pb2

from functions.warehouse.schema import Column
from googlesql.analyser import RefusedSql, language, library, options
from googlesql.catalogue import describe

Row = dict[str, Any]
"""A row as BigQuery's client returns it: JSON is a Python value, and a RECORD is a dictionary."""

PATH = re.compile(r"`[\w.-]+\.(\w+)`")
BY = re.compile(r"\b(MAX|MIN)_BY\(")

_FIELDS = {
    "STRING": "string_value",
    "INTEGER": "int64_value",
    "FLOAT": "double_value",
    "BOOLEAN": "bool_value",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Evaluator:
    """Runs queries over tables that tests add.

    The names of all tables and views must differ, even in different datasets.
    """

    def __init__(self) -> None:
        self._columns: dict[str, Sequence[Column]] = {}
        self._contents: dict[str, Any] = {}

    def add(self, name: str, columns: Sequence[Column], rows: Iterable[Row]) -> None:
        """Add a table with its rows."""
        content = service.TableContent()
        for row in rows:
            added = content.table_data.row.add()
            for column in columns:
                _write(added.cell.add(), column, row[column.name])
        self._keep(name, columns, content)

    def add_view(self, name: str, columns: Sequence[Column], sql: str) -> list[Row]:
        """Add a view of tables and views that were added before, and return its rows.

        Raises:
            RefusedSql: the evaluator cannot run the query.
        """
        request = service.EvaluateQueryRequest(
            sql=plain(sql),
            simple_catalog=describe("p", {"d": self._columns}, language(), "d"),
            options=options({}),
        )
        for table, content in self._contents.items():
            request.table_content[table].CopyFrom(content)
        try:
            answer = library().call("EvaluateQuery", request, service.EvaluateQueryResponse)
        except ZetaSQLError as error:
            raise RefusedSql(str(error)) from None
        self._keep(name, columns, answer.content)
        return [
            {
                column.name: _read(cell, column)
                for column, cell in zip(columns, row.cell, strict=True)
            }
            for row in answer.content.table_data.row
        ]

    def _keep(self, name: str, columns: Sequence[Column], content: Any) -> None:
        if name in self._columns:
            raise ValueError(f"two tables are called {name}")
        self._columns[name], self._contents[name] = columns, content


def plain(sql: str) -> str:
    """Return a query with only names and aggregates that the evaluator knows."""
    sql = PATH.sub(r"`\1`", sql)
    while found := BY.search(sql):
        comma, end = _split(sql, found.end())
        value, key = sql[found.end() : comma], sql[comma + 1 : end]
        sql = f"{sql[: found.start()]}ANY_VALUE({value} HAVING {found[1]} {key}){sql[end + 1 :]}"
    return sql


def _split(sql: str, start: int) -> tuple[int, int]:
    """Return the positions of the comma between a call's two arguments, and of the call's end."""
    depth, commas = 1, []
    for at in range(start, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[at], 0)
        if depth == 1 and sql[at] == ",":
            commas.append(at)
        if depth == 0:
            [comma] = commas
            return comma, at
    raise ValueError("a call does not end")


def _write(cell: Any, column: Column, value: Any) -> None:
    """Put a value into a cell; for None, leave the cell empty, which means NULL."""
    if column.mode == "REPEATED":
        cell.array_value.SetInParent()
        for element in value:
            _write_one(cell.array_value.element.add(), column, element)
    elif value is not None:
        _write_one(cell, column, value)


def _write_one(cell: Any, column: Column, value: Any) -> None:
    match column.type:
        case "RECORD":
            cell.struct_value.SetInParent()
            for field in column.fields:
                _write(cell.struct_value.field.add(), field, value[field.name])
        case "TIMESTAMP":
            cell.timestamp_value.FromDatetime(value)
        case "DATE":
            cell.date_value = (value - _EPOCH.date()).days
        case "JSON":
            cell.json_value = json.dumps(value)
        case kind:
            setattr(cell, _FIELDS[kind], value)


def _read(cell: Any, column: Column) -> Any:
    if column.mode == "REPEATED":  # BigQuery returns a NULL array as an empty one
        return [_read_one(element, column) for element in cell.array_value.element]
    return None if cell.WhichOneof("value") is None else _read_one(cell, column)


def _read_one(cell: value_pb2.ValueProto, column: Column) -> Any:
    match column.type:
        case "RECORD":
            fields = zip(column.fields, cell.struct_value.field, strict=True)
            return {field.name: _read(value, field) for field, value in fields}
        case "TIMESTAMP":
            return cell.timestamp_value.ToDatetime(UTC)
        case "DATE":
            return date(1970, 1, 1) + timedelta(days=cell.date_value)
        case "JSON":
            return json.loads(cell.json_value)
        case kind:
            return getattr(cell, _FIELDS[kind])


def canonical(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return rows as sorted texts, so that equal sets of rows are equal lists.

    Floats have 12 digits, because the last digits of an average depend on the order of its rows.
    """
    return sorted(repr(_canonical(dict(row))) for row in rows)


def _canonical(value: Any) -> Any:
    match value:
        case float():
            return f"{value:.12g}"
        case dict():
            return [(name, _canonical(member)) for name, member in sorted(value.items())]
        case list():
            return [_canonical(element) for element in value]
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value
