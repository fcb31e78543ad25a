"""`load` stores, quarantines or refuses any push, and never quotes it."""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp

from functions.events.catalogue import load_catalogue
from functions.google.storage import BucketUnavailable
from functions.load.app import TABLES, answer, new_id, serve
from functions.load.connection import AppendFailed
from functions.load.delivery_filter import DeliveryFilter
from functions.load.late import LateDays
from functions.load.loader import Loader
from functions.load.people import KnownPeople
from functions.load.protobuf import RowEncoder, load_schema
from functions.load.row import RowBuilder
from functions.load.table import TableWriter
from functions.load.tally import LoadTally
from functions.observe.tally import Paced
from functions.retained.quarantine import Quarantine
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.web.intake import MAX_WAITING_BYTES, Intake
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.closed import Closed
from tests.unit.fuzz import (
    FEW,
    HEADERS,
    HOSTILE,
    Fuzzed,
    bodies,
    explore,
    few_and_many,
    members,
    text,
)

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Places:
    """A table and a bucket that store everything, or fail."""

    def __init__(self) -> None:
        self.failing = False
        self.rows = 0
        self.bucket = Bucket()
        self.bucket.before = self._begin

    def _begin(self, _action: str) -> None:
        if self.failing:
            raise BucketUnavailable("ConnectionError")

    async def append(self, rows: Sequence[bytes]) -> Mapping[int, int]:
        if self.failing:
            raise AppendFailed("deadline")
        self.rows += len(rows)
        return {}

    def application(self) -> ASGIApp:
        tally = LoadTally()
        loader = Loader(
            builder=RowBuilder(load_catalogue(), PseudonymKeys(1, {1: b"1" * 32})),
            store_event=self._table("events_v1").store,
            store_room_event=self._table("room_events_v1").store,
            store_identity=self._table("identities_v1").store,
            known=KnownPeople(10),
            late_days=LateDays(self._table("late_days_v1").store),
            keep=Quarantine(Writer(self.bucket)).keep,
            now=lambda: NOW,
            new_id=new_id,
            tally=tally,
        )
        delivery_filter = DeliveryFilter(Closed().current, loader.load, tally)
        intake = Intake(MAX_WAITING_BYTES)
        return serve(partial(answer, delivery_filter, intake, tally, Paced(tally.write)))

    def _table(self, name: str) -> TableWriter:
        encoder = RowEncoder(load_schema(TABLES / f"{name}.json"))
        return TableWriter(
            name, encoder, self.append, max_rows=100, max_in_flight=2, max_waiting=100
        )


EVENT = bodies(
    {
        "event": st.sampled_from([text(name) for name in ("message_sent", "pq_answer_sent", "x")]),
        "value": members(
            {
                "user_id": st.just('"ann"'),
                "nickname": HOSTILE,
                "time": HOSTILE,
                "answer": HOSTILE,
                "speakers": HOSTILE,
                "user_agent": HOSTILE,
            }
        ),
    },
    {"name": HOSTILE, "speakers": HOSTILE, "updated_at": HOSTILE},
)
ATTRIBUTES = members(
    {
        "ingest_id": st.just('"0199d6a2-6a5c-7d4e-8c3f-0123456789ab"'),
        "received_at": st.just('"2026-11-22T11:00:00.000000Z"'),
        "kind": st.sampled_from(['"chat"', '"room"', '"test"']),
        "partner": st.just('"acme"'),
        "project": st.just('"dev"'),
    }
)
PUSHES = bodies(
    {
        "message": members(
            {
                "data": EVENT.map(lambda event: text(base64.b64encode(event).decode())),
                "attributes": ATTRIBUTES,
                "publishTime": HOSTILE,
            }
        )
    }
)


@few_and_many
def test_any_push_is_stored_quarantined_or_refused(examples: int) -> None:
    places = Places()
    with Fuzzed(places.application) as fuzzed:

        @explore(examples)
        @given(PUSHES, HEADERS, st.sampled_from([False, False, False, True]))
        def check(body: bytes, headers: list[tuple[str, str]], failing: bool) -> None:  # noqa: FBT001 - hypothesis names it
            places.failing = failing
            fuzzed.check("POST", "/", body, headers, failing=failing)

        check()
    fuzzed.saw({204, 400, 503}, examples)
    assert examples == FEW or (places.rows and places.bucket.contents)
