"""A stand-in for the Storage Write service, speaking gRPC with Google's own message classes."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs

import grpc
import grpc.aio
import pytest
from google.cloud.bigquery_storage_v1.types import storage
from google.protobuf import any_pb2, json_format

from functions.events.catalogue import load_catalogue
from functions.load.row import RowBuilder
from functions.pseudonym import PseudonymKeys
from tests import google_rows

SERVICE = "google.cloud.bigquery.storage.v1.BigQueryWrite"
REQUEST, RESPONSE = storage.AppendRowsRequest.pb(), storage.AppendRowsResponse.pb()
KEY = bytes(range(32))

Row = dict[str, Any]


class WriteStub:
    """Stores what it is sent, unless the next entry of `script` says otherwise.

    Entries, one for each append: ``ok``; ``cut`` (the call ends before anything is stored);
    ``cut_after_storing`` (the answer is lost); ``silent`` (no answer, ever); ``error`` (a status
    without row errors, about the schema); ``extra_fields`` (the same, said in its details only);
    ``end`` (the call ends in peace, without an answer).

    Attributes:
        refuse: whether a row is bad.
        names_bad_rows: whether an answer names them.
    """

    def __init__(self) -> None:
        self.script: deque[str] = deque()
        self.refuse: Callable[[Row], bool] = lambda _: False
        self.names_bad_rows = True
        self.stored: list[Row] = []
        self.tables: list[str] = []
        self.sizes: list[int] = []
        self.connections = 0
        self.endpoint = ""

    def handler(self) -> Any:
        append_rows = grpc.stream_stream_rpc_method_handler(
            self._append_rows, REQUEST.FromString, RESPONSE.SerializeToString
        )
        return grpc.method_handlers_generic_handler(SERVICE, {"AppendRows": append_rows})

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
                row_class = google_rows.row_class(request.proto_rows.writer_schema.proto_descriptor)
            assert row_class is not None, "the first request of a connection describes the rows"
            rows = [_decode(row_class, row) for row in request.proto_rows.rows.serialized_rows]
            answer = await self._answer(request.write_stream, rows, context)
            if answer is None:
                return
            yield answer

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
        return RESPONSE(append_result={})

    def of_table(self, name: str) -> list[Row]:
        pairs = zip(self.tables, self.stored, strict=True)
        return [row for table, row in pairs if f"/tables/{name}/" in table]


def extra_fields() -> any_pb2.Any:
    """What BigQuery says in a status's details about a column that it does not know."""
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
