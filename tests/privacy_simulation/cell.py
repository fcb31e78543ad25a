"""A cell of real parts on stand-ins, whose time the simulation sets."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import TypeVar

import uuid_utils

from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.events.message import Message
from functions.google.grpc_channel import open_channel
from functions.google.topic import Publisher
from functions.load.app import TABLES
from functions.load.append import TableAppender
from functions.load.delivery_filter import DeliveryFilter
from functions.load.fit import Fit
from functions.load.late import LateDays
from functions.load.loader import Loader
from functions.load.people import KnownPeople
from functions.load.protobuf import RowEncoder, load_schema
from functions.load.row import RowBuilder
from functions.load.table import TableWriter
from functions.load.tally import LoadTally
from functions.operate.dead_letters import DeadLetterReplay
from functions.operate.decode import Decoder
from functions.operate.refresh import Refresh
from functions.operate.replay import Replay, Selection
from functions.operate.settle import Settle
from functions.privacy.erasures.redaction import Redaction
from functions.privacy.exports.storage import ExportedCopies
from functions.privacy.records.receipts import Receipts
from functions.privacy.sweep.dead_letters import DeadLetterRewriter
from functions.privacy.sweep.job import Rewriter, Sweep
from functions.privacy.sweep.search import Search
from functions.privacy.sweep.storage import ObjectRewriter, UnreadableObjects
from functions.retained import spill
from functions.retained.quarantine import Quarantine
from functions.secrets.closed_partners import ClosedList, ClosedPartner
from functions.warehouse.ledger import Ledger
from functions.web.push import PushedMessage
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.closed import Closed
from tests.fakes.letters import Letters
from tests.fakes.partners import Partners
from tests.fakes.topic import Topic
from tests.privacy_simulation.crashes import Crashed, Crashes, CrashingOpenDays
from tests.privacy_simulation.offboarding import wire_offboarding
from tests.privacy_simulation.warehouse import WAREHOUSE, Simulated
from tests.privacy_simulation.words import START, Event
from tests.sql.privacy_desk import KEYS, Desk
from tests.sql.stand_in import StandIn

T = TypeVar("T")

TOLD = {"delete_profile_confirmed", "account_restored"}
"""The events that pass the filter of the subscription of `privacy`."""


class Cell:
    """The simulated cell.

    Args:
        stand_in: the BigQuery stand-in.

    Attributes:
        now: the time in all parts of the cell.
    """

    def __init__(self, stand_in: StandIn) -> None:
        self.now = START
        self.crashes = Crashes()
        self.warehouse = Simulated(stand_in)
        self.bucket = Bucket(self._clock)
        self.letters = Letters()
        self.closed = Closed()
        self.quarantine = Quarantine(Writer(self.bucket))
        self.statements = self.warehouse.statements("privacy")
        self._nightly = self.warehouse.statements("operate")
        self.receipts = Receipts(self.statements, self._clock)
        ledger_statements = self.warehouse.statements("operate")
        self._ledger = Ledger(ledger_statements, WAREHOUSE.retention_days)
        self.sweep_job = self._sweep()
        self.desk = Desk(self.statements, self._ledger, START, self.sweep_job)
        self._progress = wire_offboarding(
            self.statements, self.receipts, self.bucket, self.letters, self.quarantine, self._clock
        )
        self._load = self._loader(stand_in)
        self.statements.watch.after_change = self.crashes.after
        ledger_statements.watch.after_change = self.crashes.after
        self.bucket.after = self.crashes.after_any("bucket", "create", "write", "delete")
        self.letters.after = self.crashes.after_any("letters", "acknowledge")

    def set_time(self, now: datetime) -> None:
        """Set the time in all parts of the cell."""
        self.now = self.desk.now = now
        self.warehouse.set_clock(now)

    async def deliver(self, messages: Sequence[Message]) -> list[int]:
        """Deliver messages as Pub/Sub does: all to `load`, and deletions also to `privacy`."""
        pushed = [PushedMessage(each.data, each.attributes.to_mapping()) for each in messages]
        await asyncio.gather(*(self._load.load(each) for each in pushed))
        for each in pushed:
            if each.attributes["event"] in TOLD:
                push = partial(self.desk.push_message, each.data, each.attributes)
                answer = await self.surely(push)
                assert answer.status_code == 204
        return []

    def spill(self, events: Sequence[Event]) -> None:
        """Spill events into one object, as `receive` does when it cannot publish."""
        content = spill.encode(
            spill.Spilled(event.data, event.attributes.to_mapping()) for event in events
        )
        self.bucket.put(spill.object_name(self.now, str(uuid_utils.uuid7())), content)

    async def quarantine_event(self, event: Event) -> None:
        """Quarantine an event, as `load` does when it cannot store it."""
        await self.quarantine.keep(
            reason="not_publishable",
            partner=event.attributes.partner,
            kind=event.attributes.kind,
            data=event.data,
            received_at=event.attributes.received_at,
            attributes=event.attributes.to_mapping(),
        )

    async def replay(self) -> None:
        """Replay waiting events from all places, and settle their days."""
        decoder = Decoder(Partners().current, "eu", 10**6)
        replay = Replay(
            self.bucket,
            self.deliver,
            decoder.decode,
            self.quarantine,
            clock=lambda: 0.0,
            seconds=1,
        )
        letters = DeadLetterReplay(self.letters, self.deliver, clock=lambda: 0.0, seconds=1)
        reports = [
            await replay.run(Selection("spill/")),
            await replay.run(Selection("quarantine/not_publishable/")),
            await letters.run(dry_run=False),
        ]
        assert not any(report.failed or report.unavailable for report in reports)
        days = {date.fromisoformat(day) for report in reports for day in report.days}
        await self.sweep()
        await self.settle(days)

    async def sweep(self) -> None:
        """Run sweeps until one finishes; each may die at a step, and the next one goes on."""
        report = await self.surely(self.sweep_job.run)
        assert report.finished
        if self._closed_partners():
            await self._depart()

    async def offboard(self, partner: str, *projects: str) -> None:
        """Close a partner, and delete its data."""
        self.closed.list = ClosedList({partner: ClosedPartner(projects, self.now)})
        self.desk.closed.list = self.closed.list
        await self._depart()

    async def _depart(self) -> None:
        partners = self._closed_partners()
        await self.surely(lambda: self._progress.all(partners, lambda: False))

    def _closed_partners(self) -> Mapping[str, ClosedPartner]:
        assert self.closed.list is not None
        return self.closed.list.partners

    async def settle(self, days: "set[date]") -> None:
        """Settle the open window, and days to which a replay brought events."""
        settle = Settle(
            self._nightly,
            self._ledger,
            now=self._clock,
            clock=lambda: 0.0,
            seconds=1,
            retention_days=WAREHOUSE.retention_days,
        )
        report = await settle.run(days)
        assert (report.failed, report.remaining) == ("", 0)

    async def refresh(self) -> None:
        """Bring the rollups up to date."""
        refresh = Refresh(
            self._nightly,
            self._ledger,
            now=self._clock,
            clock=lambda: 0.0,
            seconds=1,
            retention_days=WAREHOUSE.retention_days,
        )
        report = await refresh.run()
        assert (report.failed, report.remaining) == ("", [])

    async def surely(self, action: Callable[[], Awaitable[T]]) -> T:
        """Do something; if the process dies at a step, do it again."""
        while True:
            self.crashes.armed = True
            try:
                return await action()
            except Crashed:
                self.letters.expire_leases()
            finally:
                self.crashes.armed = False

    def _sweep(self) -> Sweep:
        redaction = partial(Redaction, keys=KEYS, layouts=Layouts(load_catalogue()))
        stored = ObjectRewriter(self.bucket, redaction)
        dead_letters = Topic(feeds=self.letters)
        dead_letters.after = self.crashes.after_any("dead letters", "publish")
        rewriters: tuple[Rewriter, ...] = (
            stored,
            DeadLetterRewriter(
                self.letters,
                Publisher(dead_letters, deadline=20).publish,
                partial(self.bucket.write, content_type=spill.CONTENT_TYPE, over=0),
                redaction,
                self._clock,
            ),
            ExportedCopies(self.bucket),
            UnreadableObjects(self.bucket, stored, self._clock),
        )
        return Sweep(
            self.statements,
            self.receipts,
            Search(self._ledger, WAREHOUSE.retention_days),
            CrashingOpenDays(
                self._nightly, self._clock, WAREHOUSE.retention_days, self.crashes, seconds=60
            ),
            rewriters,
            now=self._clock,
            clock=lambda: 0.0,
            seconds=1,
        )

    def _loader(self, stand_in: StandIn) -> DeliveryFilter:
        tally = LoadTally()
        loader = Loader(
            builder=RowBuilder(load_catalogue(), KEYS),
            store_event=_table(stand_in, "events_v1").store,
            store_room_event=_table(stand_in, "room_events_v1").store,
            store_identity=_table(stand_in, "identities_v1").store,
            known=KnownPeople(10_000),
            late_days=LateDays(_table(stand_in, "late_days_v1").store),
            keep=self.quarantine.keep,
            now=self._clock,
            new_id=lambda: str(uuid_utils.uuid7()),
            tally=tally,
        )
        return DeliveryFilter(self.closed.current, loader.load, tally)

    def _clock(self) -> datetime:
        return self.now


def _table(stand_in: StandIn, name: str) -> TableWriter:
    encoder = RowEncoder(load_schema(TABLES / f"{name}.json"))
    dataset = WAREHOUSE.store.split(".")[1]
    appender = TableAppender(
        partial(open_channel, f"http://{stand_in.grpc}"),
        f"projects/local/datasets/{dataset}/tables/{name}",
        Fit(encoder),
        deadline=60,
        renew=lambda row: row,
    )
    return TableWriter(
        name, encoder, appender.append, max_rows=500, max_in_flight=1, max_waiting=100_000
    )
