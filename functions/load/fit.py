"""Changes rows so that they fit a table that does not have all columns yet.

BigQuery refuses a whole request if one of its rows has a field that the table lacks. In an upgrade,
`load` may know a new column minutes before the table has it: Terraform has to add the column, and
the write service has to notice it. Meanwhile the column's values are stored in ``extra``, under the
key `RETAINED_COLUMNS`, and ``flags`` names the column. So no value is lost, and queries can find
all values.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from google.protobuf import descriptor_pb2

from functions.events.body import encode_json
from functions.load.protobuf import RowEncoder

RETAINED_COLUMNS = "_columns"
"""The member of ``extra`` that has the values of missing columns, by column name."""

FLAG = "no_column"
"""If a value's column is missing, the row has the flag ``no_column:<column>``
(docs/data-dictionary.md)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Columns = Sequence[Mapping[str, Any]]
"""Descriptions of columns, in the form of BigQuery's REST API."""


class NoPlace(Exception):
    """A row has a value for a missing column, and the table also lacks ``extra`` or ``flags``."""


class Fit:
    """Changes encoded rows so that they fit the columns of a table.

    Attributes:
        missing: the columns that the table lacks; a field of a RECORD is ``record.field``.
        descriptor: the serialised descriptor of the rows that `apply` returns.

    Args:
        encoder: encodes the table's rows.
        missing: the columns that the table lacks; columns that the encoder does not have are
            ignored.
    """

    def __init__(self, encoder: RowEncoder, missing: Iterable[str] = ()) -> None:
        self._encoder = encoder
        named = {name.lower() for name in missing}
        self.missing = frozenset(_outermost(encoder.schema, named))
        described = descriptor_pb2.DescriptorProto.FromString(encoder.descriptor)
        for path in self.missing:
            _leave_out(described, path.split("."))
        self.descriptor = described.SerializeToString()
        names = {column["name"] for column in encoder.schema} - self.missing
        self._keeps = {"extra", "flags"} <= names

    def without(self, missing: Iterable[str]) -> "Fit":
        """Return a `Fit` with the same encoder and other missing columns."""
        return Fit(self._encoder, missing)

    def missing_in(self, table: Iterable[str]) -> frozenset[str]:
        """Return the encoder's columns that the table does not have.

        Args:
            table: the table's columns; a field of a RECORD is ``record.field``.
        """
        there = {name.lower() for name in table}
        return frozenset(
            _outermost(self._encoder.schema, set(_paths(self._encoder.schema)) - there)
        )

    def apply(self, row: bytes) -> bytes:
        """Return an encoded row without the missing columns; their values are moved to ``extra``.

        Raises:
            NoPlace: the row has a value for a missing column, and the table also lacks ``extra`` or
                ``flags``.
        """
        if not self.missing:
            return row
        message = self._encoder.read(row)
        taken = _take(message, self._encoder.schema, self.missing, "")
        if not taken:
            return row
        if not self._keeps:
            raise NoPlace
        extra = json.loads(message.extra) if message.HasField("extra") else {}
        key = RETAINED_COLUMNS
        while key in extra:
            key = f"_{key}"  # the sender's own member keeps its name
        message.extra = encode_json(extra | {key: taken})
        message.flags.extend(f"{FLAG}:{path}" for path in sorted(_leaves(taken)))
        encoded: bytes = message.SerializeToString()
        return encoded


def _paths(schema: Columns, scope: str = "") -> Iterator[str]:
    for column in schema:
        path = f"{scope}{column['name']}"
        yield path
        yield from _paths(column.get("fields", ()), f"{path}.")


def _outermost(schema: Columns, missing: set[str], scope: str = "") -> Iterator[str]:
    """Yield the missing columns; if all fields of a RECORD are missing, yield only the RECORD.

    A required column is never yielded. A table has all its required columns from the start, because
    BigQuery cannot add a required column later.
    """
    for column in schema:
        path = f"{scope}{column['name']}"
        fields = column.get("fields", ())
        inner = set(_outermost(fields, missing, f"{path}."))
        if column.get("mode") == "REQUIRED":
            continue
        if path in missing or (fields and inner == {f"{path}.{field['name']}" for field in fields}):
            yield path
        else:
            yield from inner


def _leave_out(message: descriptor_pb2.DescriptorProto, path: Sequence[str]) -> None:
    [index] = [at for at, field in enumerate(message.field) if field.name == path[0]]
    kind = message.field[index].type_name.rpartition(".")[2]
    if len(path) == 1:
        del message.field[index]
    for at, nested in enumerate(message.nested_type):
        if kind and nested.name == kind and len(path) == 1:
            del message.nested_type[at]
            return
        if kind and nested.name == kind:
            _leave_out(nested, path[1:])


def _take(message: Any, schema: Columns, missing: frozenset[str], scope: str) -> dict[str, object]:
    """Remove the values of missing columns from a row, and return them."""
    taken: dict[str, object] = {}
    for column in schema:
        name = column["name"]
        path = f"{scope}{name}"
        if not _has(message, column):
            continue
        if path in missing:
            taken[name] = _plain(message, column)
            message.ClearField(name)
        elif any(lacking.startswith(f"{path}.") for lacking in missing):
            inner = [
                _take(element, column["fields"], missing, f"{path}.")
                for element in _elements(message, column)
            ]
            if any(inner):
                taken[name] = inner if column.get("mode") == "REPEATED" else inner[0]
    return taken


def _has(message: Any, column: Mapping[str, Any]) -> bool:
    if column.get("mode") == "REPEATED":
        return bool(getattr(message, column["name"]))
    return bool(message.HasField(column["name"]))


def _elements(message: Any, column: Mapping[str, Any]) -> list[Any]:
    value = getattr(message, column["name"])
    return list(value) if column.get("mode") == "REPEATED" else [value]


def _plain(message: Any, column: Mapping[str, Any]) -> object:
    """Return a column's value, converted for JSON."""
    values = [_one(value, column) for value in _elements(message, column)]
    return values if column.get("mode") == "REPEATED" else values[0]


def _one(value: Any, column: Mapping[str, Any]) -> object:
    match column["type"]:
        case "RECORD":
            fields = column["fields"]
            return {field["name"]: _plain(value, field) for field in fields if _has(value, field)}
        case "TIMESTAMP":
            moment = _EPOCH + timedelta(microseconds=value)
            return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        case "DATE":
            return (date(1970, 1, 1) + timedelta(days=value)).isoformat()
        case "JSON":
            return json.loads(value)
    return value


def _leaves(taken: Mapping[str, object]) -> Iterator[str]:
    """Yield the names of removed columns; a field of a RECORD is named ``record.field``."""
    for name, value in taken.items():
        elements = value if isinstance(value, list) else [value]
        records = [element for element in elements if isinstance(element, dict)]
        yield from {f"{name}.{field}" for record in records for field in record} or {name}
