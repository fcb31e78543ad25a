"""Google's reference evaluator gives the same rows as the stand-in, for every view.

The stand-in translates BigQuery's SQL for another engine. If it translates wrongly, the tests of
the views may expect wrong rows. The evaluator of Google's SQL library shows what is right.
"""

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from functions.warehouse.schema import list_tables, list_views, render
from local.demonstration import DAYS
from tests.googlesql.evaluator import Evaluator, canonical
from tests.sql import new_year, questions
from tests.sql.new_year import NOW, TODAY, WAREHOUSE, query
from tests.sql.stand_in import StandIn

pytestmark = [pytest.mark.cell, pytest.mark.soak]

EVENTS = 800
DAY = timedelta(days=1)
STATUSES = ("hidden", "due", "executed", "restored", "restoration")
"""The states of erasures, which the speakers and the most active people get in turn."""

SPEAKERS = """
SELECT DISTINCT partner, project, speaker AS user_key
FROM events CROSS JOIN UNNEST(room.speakers) AS speaker
"""
MOST_ACTIVE = """
SELECT partner, project, user_key
FROM events
WHERE user_key NOT IN (SELECT speaker FROM events CROSS JOIN UNNEST(room.speakers) AS speaker)
GROUP BY partner, project, user_key
ORDER BY COUNT(*) DESC, user_key
LIMIT 15
"""


@pytest.fixture
def filled(as_of_new_year: bigquery.Client, stand_in: StandIn) -> bigquery.Client:
    """A store with some hundred events, some of them twice, and with erasures in every state."""
    client = as_of_new_year
    rows = questions.rows(EVENTS)
    copies = [
        row | {"delivery_id": f"again {row['delivery_id']}"}
        for row in rows[::3]
        if row["received_at"] > (NOW - 7 * DAY).isoformat()
    ]
    tests = [row | {"kind": "test", "ingest_id": f"test {row['ingest_id']}"} for row in rows[::11]]
    drifted = [
        row | {"ingest_id": f"drifted {row['ingest_id']}", "flags": ["unknown_property:theme", "x"]}
        for row in rows[::19]
    ]
    new_year.insert(client, "events_v1", [*rows, *copies, *tests, *tests[-2:], *drifted])
    people = query(client, SPEAKERS) + query(client, MOST_ACTIVE)
    new_year.insert(client, "erasures_v1", list(erasures(people)))
    asyncio.run(new_year.refresh(stand_in.rest, TODAY - DAYS * DAY))
    return client


def erasures(people: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, person in enumerate(people):
        status = STATUSES[number % len(STATUSES)]
        for ago in (12, 3) if number % 2 else (3,):  # every second person has two erasures
            hides = status in {"hidden", "due"}
            yield person | {
                "erasure_id": f"e{number}-{ago}",
                "source": "api",
                "mode": "grace",
                "treatment": "anonymise",
                "status": status,
                "cut_off": (NOW - ago * DAY).isoformat(),
                "due_at": (NOW + DAY).isoformat(),
                "hidden_key": f"hidden-{number}-{ago}" if hides else None,
            }


def test_every_view_shows_the_rows_of_the_reference_evaluator(filled: bigquery.Client) -> None:
    reference = Evaluator()
    for table in list_tables():
        rows = query(filled, f"SELECT * FROM `{WAREHOUSE.store}.{table.name}`")
        reference.add(table.name, table.schema, rows)
    shown_of: dict[str, list[str]] = {}
    different = {}
    for view in list_views():
        text = view.query.replace("CURRENT_TIMESTAMP()", f"TIMESTAMP '{NOW}'")
        sql = render(text, WAREHOUSE.variables())
        expected = canonical(reference.add_view(view.name, view.columns, sql))
        shown = shown_of[view.name] = canonical(query(filled, sql))
        if shown != expected:
            different[view.name] = sorted(set(shown) ^ set(expected))[:4]
    assert different == {}
    assert [name for name, rows in shown_of.items() if not rows] == [], "each view has rows"
    hidden = re.compile(r"\('user_key', 'hidden-|\('speakers', \[[^]]*'hidden-")
    kinds = {found[0].split(",")[0] for row in shown_of["events"] for found in hidden.finditer(row)}
    assert kinds == {"('user_key'", "('speakers'"}, (
        "some of the rows have hidden people, and some have hidden speakers"
    )
