"""The questions of docs/queries.md, answered from the demonstration's traffic.

``python -m tests.sql.questions`` writes new answers into the page; a test compares them.
"""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from google.cloud import bigquery

from functions.events.attributes import Attributes, format_time
from functions.events.catalogue import load_catalogue
from functions.load.row import RowBuilder
from functions.secrets.pseudonym_keys import PseudonymKeys
from local.cell import PARTNER
from local.demonstration import DAYS, SEED, USERS
from local.query import as_text
from local.simulate import plan
from local.traffic import make_traffic
from local.warehouse import create_warehouse
from local.webhook import Webhook
from tests.sql import new_year
from tests.sql.stand_in import LOCATION, PROJECT, connect, running

PAGE = Path(__file__).parents[2] / "docs" / "queries.md"
EVENTS = 3000
QUESTION = re.compile(
    r"(### \d+\. .+?\n\n```sql\n(.+?);?\n```\n\n)(.*?)(?=\n### |\n## )", re.DOTALL
)
"""Matches a heading with its query, and the answer up to the next heading."""


def fill(client: bigquery.Client, rest: str) -> None:
    """Store the demonstration's traffic of the 30 days up to the fixed moment, and refresh."""
    new_year.insert(client, "events_v1", rows(EVENTS))
    asyncio.run(new_year.refresh(rest, new_year.TODAY - timedelta(days=DAYS)))


def rows(events: int) -> list[dict[str, Any]]:
    """Make the rows of the demonstration's traffic with a number of events."""
    traffic = make_traffic(
        plan(events=events, users=USERS, days=DAYS, seed=SEED, now=new_year.NOW), load_catalogue()
    )
    builder = RowBuilder(load_catalogue(), PseudonymKeys(1, {1: b"k" * 32}))
    return [_row(builder, number, webhook) for number, webhook in enumerate(traffic)]


def _row(builder: RowBuilder, number: int, webhook: Webhook) -> dict[str, Any]:
    attributes = Attributes(
        ingest_id=webhook.ingest_id,
        received_at=format_time(webhook.at),
        kind=webhook.kind,
        partner=PARTNER,
        project=str(webhook.value["project"]),
        event=webhook.event,
    )
    micros = int(webhook.at.timestamp() * 1_000_000)
    row = builder.build(
        json.dumps(webhook.body).encode(),
        attributes.to_mapping(),
        delivery_id=f"d{number}",
        stored_at=micros,
    ).row
    times = {name: row[name] for name in ("received_at", "stored_at", "occurred_at") if name in row}
    return row | {name: _moment(value) for name, value in times.items()}


def _moment(micros: Any) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat()


def answer(client: bigquery.Client, sql: str) -> str:
    """Return a query's result as a Markdown table."""
    result = client.query(sql, job_config=new_year.CONFIG).result()
    columns = [field.name for field in result.schema]
    lines = [columns, ["---"] * len(columns)]
    lines += [[str(_rounded(value)) for value in tuple(row)] for row in result]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _rounded(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else as_text(value)


def answered(client: bigquery.Client, text: str) -> str:
    """Return the page with the answers that the views give now."""
    return QUESTION.sub(lambda found: found[1] + answer(client, found[2]), text)


def main() -> None:
    """Write the answers into the page."""
    with running() as stand_in:
        client = connect(stand_in)
        create_warehouse(client, PROJECT, LOCATION, "chat_eu_store", "chat_eu")
        new_year.create_views(client)
        fill(client, stand_in.rest)
        PAGE.write_text(answered(client, PAGE.read_text()))


if __name__ == "__main__":
    main()
