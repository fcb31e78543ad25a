"""Encodes rows for BigQuery's Storage Write API, from the file that defines the table.

The API takes protobuf messages. The writer describes their type when it connects. This module
builds the type at run time from the table's columns, so that no second description of the table can
differ. BigQuery's documentation, "Supported protocol buffer data types", says which protobuf type a
column needs.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import EncodeError

_Field = descriptor_pb2.FieldDescriptorProto

_TYPES = {
    "STRING": _Field.TYPE_STRING,
    "JSON": _Field.TYPE_STRING,
    "INTEGER": _Field.TYPE_INT64,
    "TIMESTAMP": _Field.TYPE_INT64,  # microseconds since 1970
    "FLOAT": _Field.TYPE_DOUBLE,
    "BOOLEAN": _Field.TYPE_BOOL,
    "DATE": _Field.TYPE_INT32,  # days since 1970
    "RECORD": _Field.TYPE_MESSAGE,
}
_LABELS = {
    "NULLABLE": _Field.LABEL_OPTIONAL,
    "REQUIRED": _Field.LABEL_REQUIRED,
    "REPEATED": _Field.LABEL_REPEATED,
}


class NotEncodable(Exception):
    """A row does not fit the table's schema: for example, it lacks a required column."""


class RowEncoder:
    """Encodes the rows of one table.

    Attributes:
        schema: the table's columns, in the form of BigQuery's REST API.
        descriptor: the serialised ``DescriptorProto`` of a row, for the API.

    Args:
        schema: the table's columns, in the form of BigQuery's REST API.
    """

    def __init__(self, schema: Sequence[Mapping[str, Any]]) -> None:
        self.schema = schema
        file = descriptor_pb2.FileDescriptorProto(name="row.proto", syntax="proto2")
        file.message_type.append(_describe("Row", schema, scope=""))
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        self.descriptor = file.message_type[0].SerializeToString()
        self._row: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName("Row"))

    def encode(self, row: Mapping[str, object]) -> bytes:
        """Encode a row; a column that is None or absent is NULL.

        Args:
            row: the values by column name: str, int, float or bool; a list for a REPEATED column, a
                mapping for a RECORD, microseconds since 1970 for a TIMESTAMP, days since 1970 for a
                DATE, and text for JSON.

        Raises:
            NotEncodable: the row does not fit the schema. The message does not quote the row.
        """
        try:
            encoded: bytes = self._row(**row).SerializeToString()
        except (TypeError, ValueError, EncodeError) as error:
            raise NotEncodable(type(error).__name__) from None
        return encoded

    def read(self, encoded: bytes) -> Any:
        """Decode a row that `encode` returned; return it as a protobuf message."""
        return self._row.FromString(encoded)

    def override(self, encoded: bytes, values: Mapping[str, object]) -> bytes:
        """Return an encoded row with new values in some columns.

        The new values are appended to the row, because protobuf uses the last value of a field.
        """
        overriding: bytes = self._row(**values).SerializePartialToString()
        return encoded + overriding


def load_schema(file: Path) -> list[dict[str, Any]]:
    """Read the columns from the file that defines a table.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is not JSON.
    """
    schema: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["schema"]
    return schema


def _describe(
    name: str, schema: Sequence[Mapping[str, Any]], *, scope: str
) -> descriptor_pb2.DescriptorProto:
    path = f"{scope}.{name}"
    message = descriptor_pb2.DescriptorProto(name=name)
    for number, column in enumerate(schema, start=1):
        field = message.field.add(
            name=column["name"],
            number=number,
            type=_TYPES[column["type"]],
            label=_LABELS[column.get("mode", "NULLABLE")],
        )
        if column["type"] == "RECORD":
            nested = column["name"].title().replace("_", "")
            message.nested_type.append(_describe(nested, column["fields"], scope=path))
            field.type_name = f"{path}.{nested}"
    return message
