"""A stand-in for the Storage Write service, over gRPC, with Google's own message classes."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs

import grpc
import grpc.aio
import pytest
from google.cloud.bigquery_storage_v1.types import storage, stream, table
from google.protobuf import any_pb2, json_format

from functions.events.catalogue import load_catalogue
from functions.load.row import RowBuilder
from functions.secrets.pseudonym_keys import PseudonymKeys
from tests import google_rows

SERVICE = "google.cloud.bigquery.storage.v1.BigQueryWrite"
REQUEST, RESPONSE = storage.AppendRowsRequest.pb(), storage.AppendRowsResponse.pb()
GET_REQUEST, STREAM = storage.GetWriteStreamRequest.pb(), stream.WriteStream.pb()
TABLE_SCHEMA = table.TableSchema.pb()
KEY = bytes(range(32))

Row = dict[str, Any]


class WriteStub:
    """Stores the rows that it gets, unless `script` says otherwise.

    `script` has an entry for each append: ``ok``; ``cut`` (the call ends before rows are stored);
    ``cut_after_storing`` (the answer is lost); ``silent`` (no answer comes); ``error`` (a status
    about the schema, without row errors); ``extra_fields`` (the same, but only the details of the
    status say so); ``end`` (the call ends normally, without an answer).

    Attributes:
        refuse: says whether a row is bad.
        names_bad_rows: whether an answer names the bad rows.
        lacking: columns that the table does not have (``record.field`` for a field of a RECORD);
            as in BigQuery, a request whose rows have one of them is refused.
        shown: the columns that GetWriteStream returns; None if it refuses the call.
        names_columns: whether the refusal of columns names them.
        ends_call: whether the refusal of columns ends the call.
        schema_requests: how often the columns were requested.
        tells: the columns that the table has according to the next answer.
    """

    def __init__(self) -> None:
        self.script: deque[str] = deque()
        self.refuse: Callable[[Row], bool] = lambda _: False
        self.names_bad_rows = True
        self.lacking: set[str] = set()
        self.shown: list[str] | None = None
        self.names_columns = True
        self.ends_call = False
        self.schema_requests = 0
        self.tells: list[str] = []
        self.stored: list[Row] = []
        self.tables: list[str] = []
        self.sizes: list[int] = []
        self.connections = 0
        self.endpoint = ""

    def handler(self) -> Any:
        append_rows = grpc.stream_stream_rpc_method_handler(
            self._append_rows, REQUEST.FromString, RESPONSE.SerializeToString
        )
        get_write_stream = grpc.unary_unary_rpc_method_handler(
            self._get_write_stream, GET_REQUEST.FromString, STREAM.SerializeToString
        )
        return grpc.method_handlers_generic_handler(
            SERVICE, {"AppendRows": append_rows, "GetWriteStream": get_write_stream}
        )

    async def _get_write_stream(self, request: Any, context: Any) -> Any:
        self.schema_requests += 1
        routing = parse_qs(dict(context.invocation_metadata() or ()).get("x-goog-request-params"))
        assert routing.get("name") == [request.name]
        assert request.view == stream.WriteStreamView.FULL
        if self.shown is None:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, "")
        return STREAM(name=request.name, table_schema=table_schema(self.shown or []))

    async def _append_rows(
        self, requests: AsyncIterator[Any], context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[Any]:
        self.connections += 1
        routing = parse_qs(dict(context.invocation_metadata() or ()).get("x-goog-request-params"))
        row_class = None
        async for request in requests:
            if routing.get("write_stream") != [request.write_stream]:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no routing header")
            if request.proto_rows.HasField("writer_schema"):
                described = request.proto_rows.writer_schema.proto_descriptor
                row_class = google_rows.row_class(described)
                extra = sorted(self.lacking & set(google_rows.field_paths(described)))
                if extra:
                    row_class = None
                    text = self._mismatch(extra)
                    if self.ends_call:
                        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)
                    yield RESPONSE(error={"code": 3, "message": text, "details": [extra_fields()]})
                    continue
            assert row_class is not None, "the first request of a connection describes the rows"
            rows = [_decode(row_class, row) for row in request.proto_rows.rows.serialized_rows]
            answer = await self._answer(request.write_stream, rows, context)
            if answer is None:
                return
            yield answer

    def _mismatch(self, extra: list[str]) -> str:
        if not self.names_columns:
            return "the schema does not match"
        names = ",".join(extra)
        return (
            "Input schema has more fields than BigQuery schema, "
            f"extra fields: '{names}' Entity: projects/p/datasets/d/tables/t/_default"
        )

    async def _answer(self, stream: str, rows: list[Row], context: Any) -> Any:
        self.sizes.append(len(rows))
        step = self.script.popleft() if self.script else "ok"
        if step == "cut":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "cut")
        if step == "silent":
            await asyncio.Event().wait()
        if step == "end":
            return None
        if step == "error":
            return RESPONSE(error={"code": 3, "message": "the schema has no such field"})
        bad = [index for index, row in enumerate(rows) if self.refuse(row)]
        if step == "extra_fields":
            return RESPONSE(error={"code": 3, "message": "extra", "details": [extra_fields()]})
        if bad and not self.names_bad_rows:
            return RESPONSE(error={"code": 3, "message": "a value is out of range"})
        if bad:
            errors = [{"index": index, "code": 1, "message": "bad"} for index in bad]
            return RESPONSE(error={"code": 3}, row_errors=errors)
        self.stored += rows
        self.tables += [stream] * len(rows)
        if step == "cut_after_storing":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "cut")
        columns, self.tells = self.tells, []
        updated = {"updated_schema": table_schema(columns)} if columns else {}
        return RESPONSE(append_result={}, **updated)

    def of_table(self, name: str) -> list[Row]:
        pairs = zip(self.tables, self.stored, strict=True)
        return [row for table, row in pairs if f"/tables/{name}/" in table]


def table_schema(paths: list[str]) -> Any:
    """Return a ``TableSchema`` with these columns; ``record.field`` is a field of a RECORD."""
    schema = TABLE_SCHEMA()
    for path in paths:
        fields = schema.fields
        for name in path.split("."):
            known = [field for field in fields if field.name == name]
            fields = (known[0] if known else fields.add(name=name)).fields
    return schema


def extra_fields() -> any_pb2.Any:
    """Return the details of a status with which BigQuery refuses an unknown column."""
    detail = any_pb2.Any()
    detail.Pack(
        storage.StorageError.pb()(
            code=storage.StorageError.StorageErrorCode.SCHEMA_MISMATCH_EXTRA_FIELDS
        )
    )
    return detail


def _decode(row_class: Any, encoded: bytes) -> Row:
    row: Row = json_format.MessageToDict(
        row_class.FromString(encoded), preserving_proto_field_name=True
    )
    return row


@pytest.fixture
async def write_stub() -> AsyncIterator[WriteStub]:
    stub = WriteStub()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((stub.handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    stub.endpoint = f"http://127.0.0.1:{port}"
    await server.start()
    yield stub
    await server.stop(None)


@pytest.fixture(scope="session")
def keys() -> PseudonymKeys:
    return PseudonymKeys(1, {1: KEY})


@pytest.fixture(scope="session")
def builder(keys: PseudonymKeys) -> RowBuilder:
    return RowBuilder(load_catalogue(), keys)
