"""The loader sends the stub of the benchmarks the rows that the BigQuery stand-in stores.

The stub does not read requests, so a benchmark would not notice if the loader sent wrong rows.
"""

import base64
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc.aio
import httpx
import pytest
from google.cloud.bigquery_storage_v1.types import storage
from google.pubsub_v1 import PubsubMessage

from functions.load import app
from functions.load.protobuf import load_schema
from functions.warehouse.schema import SQL
from local import query
from local.cell import Cell
from local.pubsub.push import push_body
from tests.bench.storage_write import handler
from tests.cell.running import events_of
from tests.google_rows import row_class
from tests.load_faults.feed import Event, simulated

pytestmark = pytest.mark.cell

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ITS_OWN = {"delivery_id", "stored_at"}
"""The columns that differ whenever the same event is stored a second time."""

ODD_VALUES = (
    {"project": "dev", "user_id": 7, "emoji": "3", "height": {"deep": [1, "é", None]}},
    {"project": "dev", "hl_content": "🎈", "time_stamp": 1e15, "platformUserAgent": "?"},
    {"project": "other", "occurred_at": "1999-01-01", "answer": ["a", "b"]},
)


def events() -> list[Event]:
    """Return simulated traffic of both webhooks, odd events, and a test delivery."""
    made = simulated("conformance", 500)
    for number, value in enumerate(ODD_VALUES):
        body = json.dumps({"event": "odd_one", "value": value}).encode()
        made.append(_like(made[0], f"odd-{number}", body))
    return [*made, _like(made[0], "test", b'{"hello": "world"}', kind="test")]


def _like(event: Event, name: str, data: bytes, **attributes: str) -> Event:
    own = {"ingest_id": f"conformance-{name}"} | attributes
    return Event(data, event.attributes | own)


@asynccontextmanager
async def recording_stub() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Run the stub; yield its endpoint, and the list of requests that it gets."""
    requests: list[bytes] = []

    async def take(request: bytes) -> None:
        requests.append(request)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler(take),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"http://127.0.0.1:{port}", requests
    await server.stop(None)


async def load(environ: Mapping[str, str], batch: Iterable[Event]) -> None:
    """Load events one after the other, so that both runs meet new people in the same order."""
    transport = httpx.ASGITransport(app.create(environ))
    async with httpx.AsyncClient(transport=transport, base_url="http://load") as client:
        for event in batch:
            message = PubsubMessage(data=event.data, attributes=event.attributes)
            body = push_body(PubsubMessage.pb(message), "projects/p/subscriptions/s", None)
            assert (await client.post("/", content=body)).status_code == 204


def sent(requests: Iterable[bytes]) -> dict[str, list[dict[str, Any]]]:
    """Decode requests with Google's classes; return the rows by table, in the form of a query's."""
    tables: dict[str, list[dict[str, Any]]] = {}
    classes: dict[str, Any] = {}
    for data in requests:
        request = storage.AppendRowsRequest.pb().FromString(data)
        table = request.write_stream.split("/")[5]
        if request.proto_rows.HasField("writer_schema"):
            classes[table] = row_class(request.proto_rows.writer_schema.proto_descriptor)
        schema = load_schema(SQL / "store" / f"{table}.json")
        for row in request.proto_rows.rows.serialized_rows:
            tables.setdefault(table, []).append(_row(classes[table].FromString(row), schema))
    return tables


def _row(message: Any, schema: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    columns = {column["name"]: column for column in schema}
    assert columns.keys() == {field.name for field in message.DESCRIPTOR.fields}
    return {field.name: _value(value, columns[field.name]) for field, value in message.ListFields()}


def _value(value: Any, column: Mapping[str, Any]) -> Any:
    if column.get("mode") == "REPEATED":
        return [_value(item, {**column, "mode": "NULLABLE"}) for item in value]
    match column["type"]:
        case "RECORD":
            return _row(value, column["fields"])
        case "TIMESTAMP":
            return EPOCH + timedelta(microseconds=value)
        case "JSON":
            return json.loads(value)
    return value


def without_nulls(value: Any) -> Any:
    """Drop NULL and empty values, which a query returns and a message leaves out."""
    if isinstance(value, dict):
        members = {name: without_nulls(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, [], {})}
    return value


def comparable(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    own = ({name: row[name] for name in row.keys() - ITS_OWN} for row in rows)
    return sorted(json.dumps(without_nulls(row), sort_keys=True, default=str) for row in own)


@pytest.mark.soak
async def test_rows_at_the_stub_are_those_that_the_stand_in_stores(
    cell: Cell, tmp_path: Path
) -> None:
    folder, closed = tmp_path / "pseudonym", tmp_path / "closed.json"
    folder.mkdir()
    (folder / "1").write_bytes(base64.b64encode(b"k" * 32))
    closed.write_text('{"partners": {}}')
    environ = cell.settings() | {"PSEUDONYM_KEYS": str(folder), "CLOSED_FILE": str(closed)}
    batch = events()
    async with recording_stub() as (endpoint, requests):
        await load(environ | {"BIGQUERY_WRITE_ENDPOINT": endpoint}, batch)
    await load(environ, batch)

    tables = sent(requests)
    appended = [*tables["events_v1"], *tables["room_events_v1"]]
    assert len(appended) == len(batch)
    own = f"SELECT * FROM {events_of(cell)} WHERE STARTS_WITH(ingest_id, 'conformance-')"
    assert comparable(appended) == comparable(query.rows(cell, own))
    keys = {row["user_key"] for row in tables["identities_v1"]}
    known = query.rows(cell, f"SELECT * FROM {cell.store_dataset}.identities_v1")
    assert comparable(tables["identities_v1"]) == comparable(
        row for row in known if row["user_key"] in keys
    )
