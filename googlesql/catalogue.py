"""Describes BigQuery's tables, columns and functions as messages of Google's SQL library."""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from zetasql.wasi._pb2.zetasql.proto import simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import function_pb2, type_pb2

from functions.warehouse.schema import Column

Dataset = Mapping[str, Iterable[Column]]
"""The columns of each table and view of a dataset, by name."""

_KINDS = {
    "STRING": "STRING",
    "INTEGER": "INT64",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOL",
    "TIMESTAMP": "TIMESTAMP",
    "DATE": "DATE",
    "JSON": "JSON",
}
"""The library's name of each column type, by the older name that BigQuery's REST API uses."""

_JOBS = (
    Column("creation_time", "TIMESTAMP"),
    Column("job_id", "STRING"),
    Column("user_email", "STRING"),
    Column("total_bytes_billed", "INTEGER"),
    Column("total_slot_ms", "INTEGER"),
)
"""The columns of Google's view of jobs that queries in our documents use.

https://cloud.google.com/bigquery/docs/information-schema-jobs#schema
"""


def type_of(kind: str) -> Any:
    """Return a parameter's type, such as ``STRING`` or ``ARRAY<STRING>``."""
    inner = kind.removeprefix("ARRAY<").removesuffix(">")
    scalar = type_pb2.TypeProto(type_kind=type_pb2.TypeKind.Value(f"TYPE_{inner}"))
    return scalar if inner == kind else _array(scalar)


def type_of_column(column: Column) -> Any:
    """Return a column's type."""
    if column.type == "RECORD":
        made = type_pb2.TypeProto(type_kind=type_pb2.TYPE_STRUCT)
        made.struct_type.SetInParent()
        for field in column.fields:
            made.struct_type.field.add(field_name=field.name, field_type=type_of_column(field))
    else:
        made = type_of(_KINDS[column.type])
    return _array(made) if column.mode == "REPEATED" else made


def _array(element: Any) -> Any:
    made = type_pb2.TypeProto(type_kind=type_pb2.TYPE_ARRAY)
    made.array_type.element_type.CopyFrom(element)
    return made


def describe(
    project: str, datasets: Mapping[str, Dataset], language: Any, default: str = ""
) -> Any:
    """Return the library's catalogue of a project's datasets and BigQuery's functions.

    A table name in a statement may leave out the project, and also the dataset if it is `default`.
    """
    catalogue = simple_catalog_pb2.SimpleCatalogProto(name="bigquery")
    catalogue.builtin_function_options.language_options.CopyFrom(language)
    _add_functions(catalogue)
    inside = catalogue.catalog.add(name=project)
    numbers = count(1)
    for dataset, tables in datasets.items():
        place = inside.catalog.add(name=dataset)
        for name, columns in tables.items():
            _add_table(place, name, columns, next(numbers))
        if dataset == default:
            catalogue.table.extend(place.table)
    region = inside.catalog.add(name="region-europe-west1").catalog.add(name="INFORMATION_SCHEMA")
    _add_table(region, "JOBS_BY_PROJECT", _JOBS, next(numbers))
    catalogue.catalog.extend(inside.catalog)
    return catalogue


def _add_table(place: Any, name: str, columns: Iterable[Column], number: int) -> None:
    table = place.table.add(name=name, serialization_id=number)
    for column in columns:
        table.column.add(name=column.name, type=type_of_column(column))


def _add_functions(catalogue: Any) -> None:
    """Add aggregates that BigQuery has, but the open-source library does not."""
    first, second = function_pb2.ARG_TYPE_ANY_1, function_pb2.ARG_TYPE_ANY_2
    for name in ("max_by", "min_by"):
        made = catalogue.custom_function.add(
            group="bigquery", mode=function_pb2.FunctionEnums.AGGREGATE, name_path=[name]
        )
        signature = made.signature.add()
        signature.return_type.kind = first
        signature.return_type.num_occurrences = 1
        for kind in (first, second):
            signature.argument.add(kind=kind, num_occurrences=1)
