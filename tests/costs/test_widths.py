"""The widths in volume.yaml are those of simulated events, as `load` stores them."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from costs.volume import width
from functions.acceptance.ingest_id import fresh
from functions.events.attributes import Attributes, format_time
from functions.events.catalogue import load_catalogue
from functions.load.row import Row, RowBuilder
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.warehouse.schema import Column, list_tables
from local.simulate import plan
from local.traffic import make_traffic
from local.webhook import Webhook

EVENTS = 500
[COLUMNS] = [table.schema for table in list_tables() if table.name == "events_v1"]


def stored(webhook: Webhook, builder: RowBuilder) -> Row:
    attributes = Attributes(
        ingest_id=fresh(),  # an event of a sender without ids of its own
        received_at=format_time(webhook.at),
        kind=webhook.kind,
        partner="acme",
        project=str(webhook.value["project"]),
        event=webhook.event,
    )
    stored_at = int(webhook.at.timestamp() * 1_000_000)
    data = json.dumps(webhook.body).encode()
    loaded = builder.build(data, attributes.to_mapping(), delivery_id="d" * 36, stored_at=stored_at)
    return loaded.row


def size(column: Column, value: Any) -> int:
    """Return the bytes of a value as BigQuery counts them."""
    if value is None:
        return 0
    return sum(
        size_of_one(column, each) for each in (value if column.mode == "REPEATED" else [value])
    )


def size_of_one(column: Column, value: Any) -> int:
    if column.type == "RECORD":
        return sum(size(field, value.get(field.name)) for field in column.fields)
    if column.type in {"STRING", "JSON"}:
        return 2 + len(str(value).encode())
    return {"BOOLEAN": 1}.get(column.type, 8)


def test_an_event_is_as_wide_as_the_file_says() -> None:
    builder = RowBuilder(load_catalogue(), PseudonymKeys(1, {1: b"1" * 32}))
    now = datetime(2026, 11, 30, tzinfo=UTC)
    widths: Counter[str] = Counter()
    for webhook in make_traffic(
        plan(events=EVENTS, users=40, days=5, seed=1, now=now), load_catalogue()
    ):
        row = stored(webhook, builder)
        widths.update({column.name: size(column, row.get(column.name)) for column in COLUMNS})
    # The simulator makes each room event once, so the share of room events is too large among few
    # events. Its requests have no ids, so no event has a retry_key.
    others = [column for column in COLUMNS if column.name not in {"room", "retry_key"}]
    for column in others:
        mean = widths[column.name] / EVENTS
        assert width("events_v1", [column.name]) == pytest.approx(mean, abs=10), column.name
    mean = sum(widths[column.name] for column in others) / EVENTS
    names = [column.name for column in others]
    assert width("events_v1", names) == pytest.approx(mean, rel=0.1)
