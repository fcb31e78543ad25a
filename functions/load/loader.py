"""Loads deliveries: stores their rows, or quarantines their messages."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from functions.events.attributes import format_time
from functions.events.body import BadMessage, has_too_many_values
from functions.events.coerce import MICROSECONDS, to_microseconds
from functions.google.storage import BucketUnavailable
from functions.load.connection import AppendFailed
from functions.load.late import LateDays, is_late
from functions.load.people import KnownPeople
from functions.load.row import Identity, Loaded, Row, RowBuilder, without_extra
from functions.load.table import RowRefused
from functions.load.tally import LoadTally
from functions.observe.log import log
from functions.retained.quarantine import UNKNOWN
from functions.web.aside import ASIDE_BYTES, Aside
from functions.web.batching import QueueFull
from functions.web.push import PushedMessage

Store = Callable[[Row], Awaitable[None]]
"""A function that stores one row, like `functions.load.table.TableWriter.store`."""


class NotStored(Exception):
    """It is not certain that a message is stored, so Pub/Sub should deliver the message again.

    Attributes:
        reason: a code such as ``queue_full``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """Loads deliveries.

    Args:
        builder: builds the rows of messages.
        store_event: stores a row of ``events_v1``.
        store_room_event: stores a row of ``room_events_v1``.
        store_identity: stores a row of ``identities_v1``.
        known: remembers which identities are stored already.
        late_days: notes the days of rows that come late.
        keep: quarantines a message, like `functions.retained.quarantine.Quarantine.keep`.
        now: returns the current time, with a time zone.
        new_id: returns a new delivery id.
        tally: counts the results of deliveries.
        aside: builds the rows of large messages, because that takes long.
    """

    builder: RowBuilder
    store_event: Store
    store_room_event: Store
    store_identity: Store
    known: KnownPeople
    late_days: LateDays
    keep: Callable[..., Awaitable[None]]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    tally: LoadTally
    aside: Aside = field(default_factory=Aside)

    async def load(self, message: PushedMessage) -> None:
        """Load one message; return when its rows are in BigQuery, or the message is in quarantine.

        Raises:
            NotStored: it is not certain that the message is stored or quarantined.
        """
        stored_at = to_microseconds(self.now())
        try:
            if len(message.data) <= ASIDE_BYTES:
                loaded = self._build(message, stored_at)
            else:
                loaded = await self._build_aside(message, stored_at)
            if is_late(loaded.received_at, stored_at):
                await self.late_days.note(loaded.received_at, stored_at)
            await self._store(loaded)
        except (BadMessage, RowRefused) as bad:
            await self._quarantine(message, bad.reason)
            self.tally.counts.quarantined[bad.reason] += 1
        except AppendFailed as failure:
            raise self._not_stored(failure.reason) from failure
        except QueueFull:
            raise self._not_stored("queue_full") from None
        else:
            self.tally.store((to_microseconds(self.now()) - loaded.received_at) / MICROSECONDS)

    def _build(self, message: PushedMessage, stored_at: int) -> Loaded:
        return self.builder.build(
            message.data, message.attributes, delivery_id=self.new_id(), stored_at=stored_at
        )

    async def _build_aside(self, message: PushedMessage, stored_at: int) -> Loaded:
        if has_too_many_values(message.data):
            raise BadMessage("too_many_values")
        owner = message.attributes.get("partner", UNKNOWN)
        return await self.aside.run(owner, partial(self._build, message, stored_at))

    def _not_stored(self, reason: str) -> NotStored:
        """Count a delivery that Pub/Sub should repeat, and return the error to raise."""
        self.tally.counts.refused[reason] += 1
        return NotStored(reason)

    async def _store(self, loaded: Loaded) -> None:
        try:
            await self._store_as(loaded.row, loaded.person)
        except RowRefused as refusal:
            if refusal.reason != "row_too_large" or "extra" not in loaded.row:
                raise
            await self._store_as(without_extra(loaded.row, loaded.flags), loaded.person)

    def _store_as(self, row: Row, person: Identity | None) -> Awaitable[None]:
        """Store a row, and the person's identity if it is not known. The caller must await this."""
        store = self.store_room_event if row["kind"] == "room" else self.store_event
        if person is None or self.known.knows(person):
            return store(row)
        return self._store_both(store, row, person)

    async def _store_both(self, store: Store, row: Row, person: Identity) -> None:
        # Wait for both, even if one fails: no code may run after the response.
        outcomes = await asyncio.gather(
            store(row),
            self._introduce(person),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def _introduce(self, person: Identity) -> None:
        try:
            await self.store_identity(self.builder.identity(person))
        except RowRefused as refusal:
            # The event is stored nevertheless. A search by user id still finds it, because the
            # search computes the user key. Below, the person is remembered, so that the identity
            # is not sent again on this day.
            log("ERROR", "identity not stored", reason=refusal.reason, partner=person.partner)
            self.tally.counts.identities_refused += 1
        self.known.remember(person)

    async def _quarantine(self, message: PushedMessage, reason: str) -> None:
        attributes = message.attributes
        received_at = attributes.get("received_at") or message.publish_time
        partner = attributes.get("partner") or UNKNOWN
        try:
            await self.keep(
                reason=reason,
                partner=partner,
                kind=attributes.get("kind") or UNKNOWN,
                data=message.data,
                received_at=received_at or format_time(self.now()),
                attributes=attributes,
            )
        except BucketUnavailable:
            raise self._not_stored("quarantine_unavailable") from None
