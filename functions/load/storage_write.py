"""Declares the messages of BigQuery's Storage Write API that are needed to append rows.

An import of Google's client library would take about a second and 60 MB at every cold start. The
field numbers are those of ``google.cloud.bigquery.storage.v1`` (storage.proto). A test checks that
Google's client encodes the messages to the same bytes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

APPEND_ROWS = "/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows"
GET_WRITE_STREAM = "/google.cloud.bigquery.storage.v1.BigQueryWrite/GetWriteStream"
VIEW_FULL = 2
"""The value of ``WriteStreamView.FULL``. With this view, the service also returns the table's
columns."""
MAX_REQUEST_BYTES = 9_000_000
"""The maximum bytes of the rows in one request. The API's limit is 10 MB, including the framing and
the descriptor."""

_Field = descriptor_pb2.FieldDescriptorProto
_STRING, _BYTES, _MESSAGE = _Field.TYPE_STRING, _Field.TYPE_BYTES, _Field.TYPE_MESSAGE
_INT32, _INT64 = _Field.TYPE_INT32, _Field.TYPE_INT64

# The row's descriptor is declared as bytes, because messages and bytes have the same wire format: a
# length and the content. Enums are declared as int32, because they have the wire format of int32.
_MESSAGES: dict[str, tuple[tuple[str, int, int, str], ...]] = {
    "ProtoSchema": (("proto_descriptor", 1, _BYTES, ""),),
    "ProtoRows": (("serialized_rows", 1, _BYTES, "*"),),
    "ProtoData": (
        ("writer_schema", 1, _MESSAGE, "ProtoSchema"),
        ("rows", 2, _MESSAGE, "ProtoRows"),
    ),
    "AppendRowsRequest": (
        ("write_stream", 1, _STRING, ""),
        ("proto_rows", 4, _MESSAGE, "ProtoData"),
        ("trace_id", 6, _STRING, ""),
    ),
    "Any": (("type_url", 1, _STRING, ""), ("value", 2, _BYTES, "")),
    "Status": (
        ("code", 1, _INT32, ""),
        ("message", 2, _STRING, ""),
        ("details", 3, _MESSAGE, "*Any"),
    ),
    "StorageError": (("code", 1, _INT32, ""),),
    "RowError": (
        ("index", 1, _INT64, ""),
        ("code", 2, _INT32, ""),
        ("message", 3, _STRING, ""),
    ),
    "TableFieldSchema": (
        ("name", 1, _STRING, ""),
        ("fields", 4, _MESSAGE, "*TableFieldSchema"),
    ),
    "TableSchema": (("fields", 1, _MESSAGE, "*TableFieldSchema"),),
    "GetWriteStreamRequest": (("name", 1, _STRING, ""), ("view", 3, _INT32, "")),
    "WriteStream": (("table_schema", 5, _MESSAGE, "TableSchema"),),
    "AppendRowsResponse": (
        ("error", 2, _MESSAGE, "Status"),
        ("updated_schema", 3, _MESSAGE, "TableSchema"),
        ("row_errors", 4, _MESSAGE, "*RowError"),
    ),
}


def _message_classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="storage_write.proto", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, number, field_type, kind in fields:
            repeated = kind.startswith("*")
            message.field.add(
                name=field_name,
                number=number,
                type=field_type,
                label=_Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL,
                type_name=f".{kind.removeprefix('*')}" if field_type == _MESSAGE else None,
            )
    # A pool of its own keeps these types from conflicting with those of Google's client.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
        for name in _MESSAGES
    }


_CLASSES = _message_classes()
AppendRowsRequest: Any = _CLASSES["AppendRowsRequest"]
AppendRowsResponse: Any = _CLASSES["AppendRowsResponse"]
GetWriteStreamRequest: Any = _CLASSES["GetWriteStreamRequest"]
WriteStream: Any = _CLASSES["WriteStream"]
_StorageError: Any = _CLASSES["StorageError"]


def append_request(write_stream: str, rows: Sequence[bytes], descriptor: bytes | None) -> Any:
    """Return a request that appends rows.

    Args:
        write_stream: the full name of the stream; every request must have it.
        rows: serialised rows.
        descriptor: the serialised descriptor of a row; None if the service has it already.
    """
    data: dict[str, Any] = {"rows": {"serialized_rows": rows}}
    if descriptor is not None:
        data["writer_schema"] = {"proto_descriptor": descriptor}
    return AppendRowsRequest(write_stream=write_stream, proto_rows=data, trace_id="watchers:load")


def storage_error_code(status: Any) -> int:
    """Return the ``StorageErrorCode`` of a status; 0 if the status has none.

    An error with this code is about the table, the stream or the schema, never about the values of
    a row.
    """
    for detail in status.details:
        if detail.type_url.endswith(".StorageError"):
            return int(_StorageError.FromString(detail.value).code)
    return 0


def column_paths(fields: Sequence[Any], scope: str = "") -> Iterator[str]:
    """Yield the columns of a ``TableSchema``; a field of a RECORD is named ``record.field``.

    Args:
        fields: the fields of the schema.
        scope: a prefix for the names.
    """
    for field in fields:
        yield f"{scope}{field.name}"
        yield from column_paths(field.fields, f"{scope}{field.name}.")
