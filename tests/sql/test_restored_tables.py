"""A drill: tables are restored to yesterday, and every erasure since is executed again.

The tests run the shell commands in docs/operations.md, and give their statements to the stand-in.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlglot
from google.cloud import bigquery
from sqlglot import exp

from functions.privacy.erasures.restored_tables import RUNNING, Restored
from functions.warehouse.schema import list_tables
from local.warehouse import describe
from tests.cell.page import Page
from tests.sql.stand_in import StandIn
from tests.sql.sweeping import (
    DAY,
    HOUR,
    NOW,
    WAREHOUSE,
    Store,
    erasure,
    event,
    hold,
    identity,
    room,
)

pytestmark = pytest.mark.cell

PAGE = Page("operations.md")
MINUTE = timedelta(minutes=1)
EARLIER = NOW - 190 * DAY
"""A time from which no event can come late any more, so no tombstone looks there."""
KEYS = dict(re.findall(r"^\| `(\w+_v1)` \| `([a-z_, ]+)` \|", PAGE.text, re.MULTILINE))
"""The columns that identify a row, by table, from the page."""
TABLES = {table.name: table for table in list_tables()}
OF_EVENTS = ("events_v1", "room_events_v1")
BOUND = "received_at >= TIMESTAMP '2020-01-01'"
COPY = "restored_"
"""The beginning of the names of restored copies."""


@pytest.fixture
def store(empty_warehouse: bigquery.Client, stand_in: StandIn) -> Store:
    return Store(empty_warehouse, stand_in.rest)


def shell(commands: str, environ: dict[str, str]) -> str:
    """Run commands and return their output; a command fails if one of its variables is not set."""
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-eu", "-o", "pipefail", "-c", commands],
        env={"PATH": os.environ["PATH"]} | environ,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, (commands, done.stderr.decode())
    return done.stdout.decode()


def run(store: Store, part: str, setting: str) -> None:
    """Run the block of the page that contains `part`; its statement for `bq` runs on the stand-in.

    Args:
        store: the store, whose stand-in runs the statement.
        part: a text in the block.
        setting: other lines of the page, which set the variables of the block.
    """
    [block] = [text for text in PAGE.others if part in text]
    # The statement is the argument, or comes by standard input.
    told = 'bq() { if [ $# -gt 0 ]; then printf "%s" "$1"; else cat; fi; }'
    statement = shell("\n".join((told, setting, block)), {"BQ": "bq"})
    must_be_bounded(statement)
    config = bigquery.QueryJobConfig(default_dataset=WAREHOUSE.store)
    store.client.query(statement, job_config=config).result()


def must_be_bounded(statement: str) -> None:
    """Assert that a statement bounds the partitions that it reads, as BigQuery requires.

    The stand-in does not require that. A copy may have the partitions and the rules of its table.
    """
    for found in sqlglot.parse_one(statement, read="bigquery").find_all(exp.Table):
        table = TABLES[found.name.removeprefix(COPY)]
        if not table.require_partition_filter or isinstance(found.parent, exp.Insert):
            continue
        reader = found.find_ancestor(exp.Select, exp.Delete)
        assert reader is not None
        where = reader.args.get("where")
        conjunction = where.this if where else exp.true()
        parts = conjunction.flatten() if isinstance(conjunction, exp.And) else [conjunction]
        bounds = [part for part in parts if isinstance(part, exp.GTE)]
        assert table.partition_by in {bound.this.name for bound in bounds}, statement


def chosen(table: str) -> str:
    """Return the lines of the page that choose a table to put back, as a reader fills them in."""
    if table in OF_EVENTS:
        [line] = [text for text in PAGE.others if text.startswith("TABLE=")]
        return str(line).replace("TABLE=events_v1", f"TABLE={table}")
    return f'TABLE={table} KEY="{KEYS[table]}" BOUND=TRUE ONLY=TRUE'


def put_back(store: Store, table: str, setting: str = "") -> None:
    run(store, "INSERT INTO", setting or chosen(table))


def copy(store: Store, table: str) -> None:
    """Copy a table with its rows, as `bq cp TABLE@TIME` does."""
    described = describe(TABLES[table], WAREHOUSE)
    copied = bigquery.Table(restored(table), schema=described.schema)
    copied.time_partitioning = described.time_partitioning
    copied.require_partition_filter = described.require_partition_filter
    copied.clustering_fields = described.clustering_fields
    store.client.create_table(copied)
    bound = BOUND if table in OF_EVENTS else "TRUE"
    store.client.query(
        f"INSERT INTO `{restored(table)}` SELECT * FROM `{WAREHOUSE.store}.{table}` WHERE {bound}"
    ).result()


def restored(table: str) -> str:
    return f"{WAREHOUSE.store}.{COPY}{table}"


@pytest.fixture
def copies(store: Store) -> Iterator[None]:
    """Delete the copies after the test, as the page says."""
    yield
    for table in KEYS:
        store.client.delete_table(restored(table), not_found_ok=True)


def erased(user: str, treatment: str) -> dict[str, Any]:
    """Return an erasure without a grace period."""
    given = {"mode": "immediate", "due_at": NOW.isoformat(), "treatment": treatment}
    return erasure(user, NOW, **given)


def yesterday(store: Store) -> None:
    """Fill the store with people whom tests erase today, and one who was erased long before."""
    store.fill(
        "events_v1",
        [
            event(f"{user} {name}", user, at)
            for user in ("ann", "bob", "cat")
            for name, at in {"long ago": EARLIER, "lately": NOW - DAY}.items()
        ]
        + [room("room long ago", ["ann", "cat"], EARLIER), room("room", ["bob"], NOW - DAY)],
    )
    store.fill(
        "identities_v1", [identity(user, EARLIER, NOW - DAY) for user in ("ann", "bob", "cat")]
    )
    done = {"status": "executed", "copy_salt": "s", "claim": "c", "expires_at": NOW + 30 * DAY}
    done |= {"executed_at": NOW - 20 * DAY}
    done = {name: str(value) for name, value in done.items()}
    store.fill("erasures_v1", [erasure("dan", NOW - 25 * DAY, **done)])


def everything(store: Store) -> dict[str, list[Any]]:
    """Return the people in each table, and the speakers of rooms."""
    speakers = (
        f"SELECT ingest_id, speaker FROM `{WAREHOUSE.store}.room_events_v1`"
        f" CROSS JOIN UNNEST(room.speakers) AS speaker WHERE {BOUND}"
    )
    return {
        "events": store.rows("delivery_id, user_key, ingest_id, stored_at"),
        "speakers": sorted(tuple(row.values()) for row in store.client.query(speakers).result()),
        "identities": store.rows("user_key, user_id, last_seen", "identities_v1"),
    }


def of(user: str, found: dict[str, list[Any]]) -> list[Any]:
    """Return all rows about a person."""
    return [row for rows in found.values() for row in rows if user in row]


def lose(store: Store) -> None:
    """Delete all rows that were received before NOW, as an operator might by mistake."""
    columns = dict.fromkeys(OF_EVENTS, "received_at") | {"identities_v1": "last_seen"}
    for table, column in columns.items():
        where = f"{column} < '{NOW.isoformat()}'"
        store.client.query(f"DELETE FROM `{WAREHOUSE.store}.{table}` WHERE {where}").result()


@pytest.mark.soak
async def test_only_people_erased_since_the_copy_are_erased_again(
    store: Store, copies: None
) -> None:
    yesterday(store)
    for table in (*OF_EVENTS, "identities_v1"):
        copy(store, table)
    before = everything(store)
    store.now = NOW + MINUTE
    store.fill("erasures_v1", [erased("ann", "anonymise"), erased("bob", "delete")])
    assert len((await store.sweep()).executed) == 2
    store.fill("events_v1", [event(f"{user} new", user, NOW + MINUTE) for user in ("bob", "cat")])
    after = everything(store)

    lose(store)
    for table in (*OF_EVENTS, "identities_v1"):
        put_back(store, table)
    restored_at = NOW + 2 * MINUTE
    found = everything(store)
    assert len(of("ann", found)) == len(of("ann", before)) == 4
    assert of("cat", found) == of("cat", after)

    # An ordinary sweep searches only some days for late rows, so it does not find the rows of ann.
    store.now += HOUR
    await store.sweep()
    assert of("ann", everything(store))

    restoration = Restored(NOW, restored_at, "ops@cell.example")
    report = await store.sweep(restored=restoration)
    assert report.finished
    assert set(report.executed) == {"erasure of ann", "erasure of bob"}
    found = everything(store)
    assert of("ann", found) == []
    assert of("bob", found) == of("bob", after)  # bob came back after the erasure
    assert of("cat", found) == of("cat", after)
    ids = {row[2] for row in found["events"]}
    assert ids == {row[2] for row in after["events"]}, (
        "events get the same new ids again, so copies in other systems still match"
    )
    assert store.rows("status", "erasures_v1") == [("executed",)] * 3

    steps = store.rows("JSON_VALUE(detail.step)", "receipts_v1", "reference = 'erasure of ann'")
    assert [row[0] for row in steps if "again" in row[0]] == ["begun again", "executed again"]
    [noted] = store.rows("requested_by", "receipts_v1", "operation = 'repetition'")
    assert noted == ("ops@cell.example",)

    # The same request again finds no more erasures from before the restoration.
    store.now += HOUR
    assert (await store.sweep(restored=restoration)).executed == {}
    assert everything(store) == found


async def test_existing_rows_stay_and_lost_rows_come_back_once(store: Store, copies: None) -> None:
    yesterday(store)
    for table in KEYS:
        copy(store, table)
        put_back(store, table)
    found = everything(store)
    assert (len(found["events"]), len(found["speakers"])) == (6, 3)
    assert store.rows("user_key", "erasures_v1") == [("dan",)]


@pytest.mark.soak
async def test_a_wrong_erasure_is_taken_back_and_no_other(store: Store, copies: None) -> None:
    yesterday(store)
    for table in (*OF_EVENTS, "identities_v1"):
        copy(store, table)
    before = everything(store)
    store.now = NOW + MINUTE
    [told] = re.findall(r"^(ERASURE_ID=(\S+))$", PAGE.text, re.MULTILINE)
    wrong = erased("ann", "anonymise") | {"erasure_id": told[1]}
    store.fill("erasures_v1", [wrong, erased("bob", "delete")])
    await store.sweep()

    of_identities, of_events = (text for text in PAGE.others if text.startswith("OF="))
    assert "TABLE=identities_v1 " in of_identities
    assert "TABLE=events_v1 " in of_events
    run(store, "UPDATE erasures_v1", "")
    put_back(store, "identities_v1", f"{told[0]}\n{of_identities}")
    for table in OF_EVENTS:
        setting = f"{told[0]}\n{of_events.replace('TABLE=events_v1', f'TABLE={table}')}"
        run(store, "DELETE FROM $TABLE", setting)
        put_back(store, table, setting)
    assert of("bob", everything(store)) == [], "rows of other people do not come back at any time"
    store.now += HOUR
    await store.sweep(restored=Restored(NOW, NOW + 2 * MINUTE, "ops@cell.example"))

    found = everything(store)
    for user in ("ann", "cat"):
        assert of(user, found) == of(user, before)
    assert of("bob", found) == []
    assert dict(store.rows("user_key, status", "erasures_v1")) == {
        "ann": "restored",
        "bob": "executed",
        "dan": "executed",
    }


RECORD = """
bq() { printf 'bq %s\\n' "$*"; }
gcloud() { printf 'gcloud %s\\n' "$*"; }
terraform() { cat <<< "$CALLS"; }
"""
"""Shell functions in place of `bq` and `gcloud`, which print their arguments, and of `terraform`,
which prints an output with jobs."""
CALLED = {"PROJECT": "acme", "REGION": "europe-west1", "CELL": "eu", "STORE": "chat_eu_store"}


def asked_for(part: str, **variables: str) -> list[str]:
    """Return the calls of Google's tools that the block of the page containing `part` makes."""
    [block] = [text for text in PAGE.others if part in text]
    return shell(RECORD + block, CALLED | variables).splitlines()


def test_every_lost_table_is_copied_before_terraform_creates_any_again() -> None:
    section = PAGE.text.split("\n### Put rows back\n")[1].split("\n### ")[0]
    [times] = [match.start() for match in re.finditer("run `terraform apply` once", section)]
    assert section.index(" cp ") < times < section.index("INSERT INTO")
    [named] = re.findall(r'^TABLES="(.+)"$', section, re.MULTILINE)
    tables = named.split()
    assert len(tables) > 1
    assert tables[0] == "erasures_v1"
    commands = asked_for("$TABLE@", RESTORED_TO="2026-11-28T09:00:00Z")
    for table in tables:
        copied = f"acme:chat_eu_store.{table}@1795856400000 acme:chat_eu_store.{COPY}{table}"
        assert [line for line in commands if line.endswith(copied)], commands
        expires = f"bq update --expiration 86400 acme:chat_eu_store.{COPY}{table}"
        assert expires in commands
    deleted = [f"bq rm -f -t acme:chat_eu_store.{COPY}{table}" for table in tables]
    assert asked_for("bq rm ", TABLES=named) == deleted


def test_every_job_that_changes_tables_is_paused_where_it_is() -> None:
    names = ("refresh", "replay", "settle", "sweep", "unfiled")
    jobs = {f"projects/acme/locations/europe-west3/jobs/chat-eu-{name}": "" for name in names}
    calls = json.dumps({"eu": {"jobs": jobs}, "us": {"jobs": {"chat-us-sweep": ""}}})
    paused = asked_for("jobs pause", CALLS=calls)
    changing = [job for job in jobs if not job.endswith("replay")]
    assert paused == [f"gcloud scheduler jobs pause {job}" for job in changing]
    resumed = asked_for("jobs resume", JOBS=" ".join(changing))
    assert resumed == [line.replace("pause", "resume") for line in paused]


def test_the_page_names_the_key_columns_of_each_table() -> None:
    tables = {table.name: {column.name for column in table.schema} for table in list_tables()}
    assert KEYS.keys() == tables.keys()
    for table, key in KEYS.items():
        assert set(key.split(", ")) <= tables[table]


async def test_a_person_under_a_hold_is_erased_again_when_the_hold_is_over(store: Store) -> None:
    done = {"status": "executed", "copy_salt": "s", "claim": "c", "expires_at": str(NOW + 30 * DAY)}
    store.fill("erasures_v1", [erasure("ann", NOW - HOUR, executed_at=str(NOW), **done)])
    store.fill("holds_v1", [hold("ann", until=str(NOW + DAY))])
    store.fill("events_v1", [event("1", "ann", EARLIER)])
    store.now = NOW + HOUR
    await store.sweep(restored=Restored(NOW - HOUR, NOW + HOUR, "ops@cell.example"))
    assert store.rows("user_key") == [("ann",)]
    store.now = NOW + 2 * DAY
    await store.sweep()
    assert store.rows("user_key = 'ann'") == [(False,)]


async def test_erasures_executed_before_or_after_are_not_repeated(store: Store) -> None:
    done = {"status": "executed", "copy_salt": "s", "claim": "c", "expires_at": str(NOW + 30 * DAY)}
    restored_to, restored_at = NOW - DAY, NOW
    times = {
        "before": restored_to - MINUTE,
        "since": restored_to,
        "meanwhile": restored_at + RUNNING,
        "after": restored_at + RUNNING + MINUTE,
    }
    store.fill(
        "erasures_v1",
        [erasure(user, EARLIER, executed_at=str(at), **done) for user, at in times.items()],
    )
    store.now = NOW + HOUR
    report = await store.sweep(restored=Restored(restored_to, restored_at, "ops@cell.example"))
    assert set(report.executed) == {"erasure of since", "erasure of meanwhile"}
