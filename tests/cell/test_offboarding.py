"""Offboarding in a running cell deletes all data of the partner, and no data of another partner."""

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from functions.events.attributes import format_time
from functions.privacy.inventory import partner_tables
from functions.retained import spill
from functions.retained.quarantine import Quarantined, to_object
from local import query
from local.cell import PARTNER, Cell
from local.clients import objects, publisher, subscriber
from local.identity_token import identity_token
from local.up import running
from offboard import __main__ as offboard
from tests.cell.running import PATIENCE_SECONDS, free_port_base

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="module")]

OTHER, OTHER_TOKEN = "other", secrets.token_urlsafe(24)
PROJECTS = {PARTNER: "dev", OTHER: "other-prod"}
LATE = {"event": "message_sent", "value": {"project": "dev", "event_id": "late"}}
SETTINGS = {"CLOSED_REFRESH_SECONDS": "0.2", "CLOSED_KEEP_SECONDS": "1", "CLOSING_SECONDS": "8"}
"""Times of the closed list, shortened from 60 s, 10 minutes and 12 minutes."""


class TwoPartners:
    """A cell with two partners."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.http = httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False)
        self.tokens = {PARTNER: cell.token, OTHER: OTHER_TOKEN}

    async def send(self, partner: str, body: Any) -> httpx.Response:
        url = f"{self.cell.url('receive')}/events/{self.tokens[partner]}"
        return await self.http.post(url, json=body)

    async def order(self, email: str = "", **body: str) -> httpx.Response:
        """Ask for the offboarding as the officer, or as the caller with this e-mail address."""
        url = self.cell.url("privacy" if email else "privacy_proxy")
        headers = {"Authorization": f"Bearer {identity_token(email)}"} if email else {}
        body = {"partner": PARTNER} | body
        return await self.http.post(f"{url}/offboardings", json=body, headers=headers)

    async def operate(self, path: str, **body: Any) -> dict[str, Any]:
        answer = await self.http.post(f"{self.cell.url('operate')}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        report: dict[str, Any] = answer.json()
        return report

    def rows(self, partner: str) -> dict[str, int]:
        """Return how many rows a partner has, by table."""
        counts = " UNION ALL ".join(
            f"SELECT '{table.name}' AS place, COUNT(*) AS n "
            f"FROM {self.cell.store_dataset}.{table.name} "
            f"WHERE partner = '{partner}'"
            for table in partner_tables()
        )
        rows = query.rows(self.cell, counts)
        return {row["place"]: row["n"] for row in rows if row["n"]}

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds` returns True."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - nothing sets an Event
                await asyncio.sleep(0.05)

    def retain_events(self, name: str) -> None:
        """Put an event of each partner into the spill, the quarantine and the dead letters."""
        bucket = objects(self.cell).bucket(self.cell.bucket)
        events = [event(partner, f"{name}-{partner}") for partner in PROJECTS]
        spilled = spill.encode(spill.Spilled(data, attributes) for data, attributes in events)
        bucket.blob(f"{spill.PREFIX}2026/11/22/00/{name}.ndjson").upload_from_string(spilled)
        topic = publisher(self.cell)
        for data, attributes in events:
            partner = attributes["partner"]
            topic.publish(self.cell.dead_letter_topic, data, **attributes).result(60)
            record = Quarantined(
                "row_refused",
                partner,
                "chat",
                attributes["received_at"],
                base64.b64encode(data).decode(),
                attributes,
            )
            kept, content = to_object(record, data)
            bucket.blob(kept).upload_from_string(content)

    def retained(self) -> list[str]:
        """Return the place and the partner of each event in the bucket and the dead letters."""
        client = objects(self.cell)
        remains = []
        for blob in client.list_blobs(self.cell.bucket):
            content = blob.download_as_bytes()
            if blob.name.startswith(spill.PREFIX):
                partners = [event.attributes["partner"] for event in spill.decode(content)]
            else:
                partners = [msgspec.json.decode(content, type=Quarantined).partner]
            remains += [f"{blob.name.split('/')[0]} {partner}" for partner in partners]
        pulling = subscriber(self.cell)
        letters = pulling.pull(
            subscription=self.cell.dead_letter_subscription, max_messages=100, timeout=60
        ).received_messages
        if letters:
            pulling.modify_ack_deadline(
                subscription=self.cell.dead_letter_subscription,
                ack_ids=[letter.ack_id for letter in letters],
                ack_deadline_seconds=0,
            )
        remains += [f"dead {letter.message.attributes['partner']}" for letter in letters]
        return sorted(remains)


def event(partner: str, ingest_id: str) -> tuple[bytes, dict[str, str]]:
    """Return an event as `receive` would have published it."""
    project = PROJECTS[partner]
    value = {"project": project, "user_id": f"user of {ingest_id}", "event_id": "room"}
    attributes = {
        "ingest_id": ingest_id,
        "received_at": format_time(datetime.now(UTC)),
        "kind": "chat",
        "partner": partner,
        "project": project,
        "event": "message_sent",
    }
    return json.dumps({"event": "message_sent", "value": value}).encode(), attributes


@asynccontextmanager
async def two_partners(folder: Path) -> AsyncIterator[TwoPartners]:
    async with running(free_port_base(), None, folder / "cell.json", SETTINGS) as (cell, started):
        # Without the scheduler, no replay takes the spilled events of the test.
        next(child for child in started if child.name == "scheduler").process.terminate()
        secret = cell.secrets / "partners.json"  # no function has read it yet
        content = json.loads(secret.read_text())
        content["partners"][OTHER] = {
            "tokens_sha256": [hashlib.sha256(OTHER_TOKEN.encode()).hexdigest()],
            "projects": {PROJECTS[OTHER]: "eu"},
        }
        secret.write_text(json.dumps(content))
        partners = TwoPartners(cell)
        async with partners.http:
            yield partners


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def partners(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TwoPartners]:
    async with two_partners(tmp_path_factory.mktemp("leaving")) as partners:
        yield partners


async def test_an_offboarding_deletes_all_data_of_the_partner(partners: TwoPartners) -> None:
    for partner, project in PROJECTS.items():
        value = {"project": project, "event_id": "room"}
        body = [
            {"event": "message_sent", "value": value | {"user_id": f"user {n}"}} for n in range(5)
        ]
        assert (await partners.send(partner, body)).status_code == 200
    await partners.until(lambda: all(partners.rows(p).get("events_v1") == 5 for p in PROJECTS))
    await partners.operate("refresh")
    await asyncio.to_thread(partners.retain_events, "before")
    others = await asyncio.to_thread(partners.rows, OTHER)

    for nobody in ("someone@partner.example", partners.cell.settings()["SCHEDULER_ACCOUNT"]):
        assert (await partners.order(nobody)).status_code == 403
    assert (await partners.order(partner="nobody")).status_code == 404
    assert (await partners.order(confirm="1-0123456789abcdef")).status_code == 409
    planned = await partners.order()
    plan = planned.json()
    assert planned.status_code == 202
    assert plan["would_delete"] == await asyncio.to_thread(partners.rows, PARTNER) | {
        "spill/": 1,
        "quarantine/": 1,
        "dead letters": 1,
    }
    assert (await partners.send(PARTNER, {"event": "a", "project": "dev"})).status_code == 200

    await partners.until(lambda: partners.rows(PARTNER)["events_v1"] == 6)

    ordered = asyncio.create_task(partners.order(confirm=plan["confirm"]))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await partners.send(PARTNER, LATE)).status_code != 401:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    assert (await ordered).status_code in {200, 202}

    # An event is not loaded if it was on its way when the partner was closed, or is replayed later.
    topic = publisher(partners.cell)
    for partner in PROJECTS:
        data, attributes = event(partner, f"queued-{partner}")
        topic.publish(partners.cell.topic, data, **attributes).result(60)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (done := await partners.order()).status_code != 200:
            assert done.status_code == 202, done.text
            await asyncio.sleep(0.2)
    certificate = done.json()["certificate"]
    sent = {"events_v1": 6, "identities_v1": plan["would_delete"]["identities_v1"]}
    before = plan["would_delete"] | sent
    assert certificate["total"] | sent == before
    assert certificate["deleted"] | sent == before
    for table, rows in sent.items():  # a repeated push adds a row
        assert rows <= certificate["total"][table] <= certificate["deleted"][table]

    queued = "SELECT 1 AS one FROM events WHERE ingest_id = 'queued-other'"
    await partners.until(lambda: len(query.rows(partners.cell, queued)) == 1)
    assert await asyncio.to_thread(partners.rows, PARTNER) == {}
    after = await asyncio.to_thread(partners.rows, OTHER)
    loaded = after["events_v1"] - others["events_v1"]
    assert loaded >= 1  # a repeated push adds a row, which the view does not show
    assert after == others | {
        "events_v1": others["events_v1"] + loaded,
        "identities_v1": others["identities_v1"] + loaded,
    }
    places = ("dead", "quarantine", "spill")
    assert await asyncio.to_thread(partners.retained) == [f"{place} other" for place in places]


async def test_no_data_of_the_closed_partner_comes_back(partners: TwoPartners) -> None:
    await asyncio.to_thread(partners.retain_events, "after")
    for body in ({}, {"prefix": "quarantine/"}, {"source": "dead_letters"}):
        await partners.operate("replay", **body)
    expected = {f"{name}-other" for name in ("before", "after")}
    shown = "SELECT ingest_id FROM events WHERE REGEXP_CONTAINS(ingest_id, '^(before|after)-')"
    await partners.until(
        lambda: {row["ingest_id"] for row in query.rows(partners.cell, shown)} == expected
    )
    assert await asyncio.to_thread(partners.rows, PARTNER) == {}
    swept = await partners.http.post(f"{partners.cell.url('privacy_proxy')}/sweep")
    assert swept.status_code == 200, swept.text
    assert (swept.status_code, swept.json()["offboardings"]) == (200, {PARTNER: "deleted"})
    listed = await partners.http.get(f"{partners.cell.url('privacy_proxy')}/offboardings")
    [offboarding] = listed.json()["offboardings"]
    one = await partners.http.get(f"{partners.cell.url('privacy_proxy')}/offboardings/{PARTNER}")
    assert one.json() == offboarding
    assert offboarding["state"] == "deleted"
    nobody = await partners.http.get(f"{partners.cell.url('privacy_proxy')}/offboardings/{OTHER}")
    assert nobody.status_code == 404


async def test_the_command_offboards_the_other_partner(
    partners: TwoPartners, tmp_path: Path
) -> None:
    outputs = tmp_path / "outputs.json"
    urls = {"eu": partners.cell.url("privacy_proxy")}
    outputs.write_text(json.dumps({"privacy_urls": {"value": urls}}))
    arguments = [OTHER, "--outputs", str(outputs), "--json"]

    def run(typed: str) -> Result:
        return CliRunner().invoke(offboard.main, arguments, input=f"{typed}\n")

    refused = await asyncio.to_thread(run, PARTNER)
    assert refused.exit_code == 1
    assert (await partners.send(OTHER, [])).status_code == 200, "its token is still accepted"
    done = await asyncio.to_thread(run, OTHER)
    assert done.exit_code == 0, done.output
    cell = json.loads(done.stdout)["cells"]["eu"]
    assert cell["state"] == "deleted"
    assert cell["answer"]["certificate"]["deleted"]["events_v1"] >= 7
    assert (await partners.send(OTHER, [])).status_code == 401
    assert await asyncio.to_thread(partners.rows, OTHER) == {}
    assert await asyncio.to_thread(partners.retained) == []
    again = await asyncio.to_thread(run, "")
    assert again.exit_code == 0
