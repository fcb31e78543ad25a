"""The checks of a checkpoint: the cell must be in the state that the truth says."""

import base64
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from functions.privacy.requests.people import user_keys
from functions.retained import spill
from functions.retained.quarantine import Quarantined
from functions.warehouse.schema import OPEN_WINDOW_DAYS
from tests.privacy_simulation.cell import Cell
from tests.privacy_simulation.truth import Id, Truth
from tests.privacy_simulation.warehouse import WAREHOUSE
from tests.privacy_simulation.words import DAY, Event, Request
from tests.sql.privacy_desk import KEYS, key

SPANS = {"dau": 1, "wau": 7, "mau": 30}
"""The spans of active users, in days."""


class Checks:
    """The checks of a checkpoint.

    Args:
        truth: says what must be in the cell.
        cell: the cell to check.
    """

    def __init__(self, truth: Truth, cell: Cell) -> None:
        self._truth = truth
        self._cell = cell
        self._counted: dict[tuple[str, date], dict[str, Any]] = {}
        self._keys = {
            each: (person.project, one)
            for person in truth.script.people
            for one in person.ids
            for each in user_keys(KEYS, person.project, [one])
        }

    def events_per_day(self) -> None:
        """Assert that the views show the right number of events on each day."""
        rows = self._cell.warehouse.rows(
            "SELECT project, DATE(received_at) AS day, COUNT(*) AS number FROM events "
            "WHERE kind = 'chat' GROUP BY project, day"
        )
        shown = {(row["project"], row["day"]): row["number"] for row in rows}
        expected = self._truth.counts(self._cell.now)
        wrong = {of: (shown.get(of), expected[of]) for of in {*shown, *expected}}
        wrong = {of: pair for of, pair in wrong.items() if pair[0] != pair[1]}
        assert not wrong, f"shown and expected: {wrong}"

    def keys(self) -> None:
        """Assert that events have their person's own key, unless it is hidden or erased."""
        now = self._cell.now
        rows = self._cell.warehouse.rows(
            "SELECT ingest_id, user_key FROM events WHERE kind = 'chat'"
        )
        shown = {row["ingest_id"]: row["user_key"] for row in rows}
        assert len(shown) == len(rows), "an event is shown twice"
        hidden: dict[tuple[Id, int], set[str]] = defaultdict(set)
        for event, state in self._truth.shown(now):
            one = (event.project, event.user_id)
            if state == "plain" and event.user_id:
                found = shown.pop(event.ingest_id)
                assert found == key(event.user_id, event.project), (one, event.received_at)
            elif state == "hidden":
                owner = self._truth.owner(event, one, now)
                assert owner
                hidden[one, owner.number].add(shown.pop(event.ingest_id))
        # An erasure hides all events of an id under one key, which no other erasure uses.
        assert all(len(keys) == 1 for keys in hidden.values())
        fresh = [each for keys in hidden.values() for each in keys]
        assert len(fresh) == len(set(fresh))
        # The remaining events are anonymous, so they have no person's own key.
        assert not self._keys.keys() & {*fresh, *shown.values()}
        states = [state for _, state in self._truth.shown(now)]
        assert len(shown) == states.count("anonymous"), (len(shown), states.count("anonymous"))

    def speakers(self) -> None:
        """Assert that speakers of rooms have their own keys, unless they are hidden or erased."""
        now = self._cell.now
        rows = self._cell.warehouse.rows(
            "SELECT ingest_id, room.speakers AS speakers FROM events WHERE kind = 'room'"
        )
        shown = {row["ingest_id"]: row["speakers"] for row in rows}
        for event, _ in self._truth.shown(now):
            if event.user_id:
                continue
            speakers = set(shown.pop(event.ingest_id))
            own, hidden = self._speakers(event, now)
            assert own == {key for key in speakers if key in self._keys}, event
            assert len(speakers - own) == hidden, event
        assert shown == {}

    def _speakers(self, event: Event, now: datetime) -> tuple[set[str], int]:
        """Return the speakers' own keys that must be shown, and the number of hidden speakers."""
        own, hidden = set(), 0
        for speaker in event.speakers:
            one = (event.project, speaker)
            owner = self._truth.owner(event, one, now)
            if owner is None:
                own.add(key(speaker, event.project))
            elif self._truth.executed(owner, one, now) is None:
                hidden += 1
        return own, hidden

    def views(self) -> None:
        """Assert that no view shows the key of a person whose events are all hidden or erased."""
        away = self._of_nobody(self._cell.now)
        keys = [each for each, one in self._keys.items() if one in away]
        for view in self._cell.warehouse.views:
            rows = self._cell.warehouse.rows(f"SELECT * FROM {view}")
            text = json.dumps(rows, default=str)
            assert not [each for each in keys if each in text], view

    def _of_nobody(self, now: datetime) -> set[Id]:
        """Return the ids with an erasure, and without events after it."""
        plain = {
            (event.project, one)
            for event, state in self._truth.shown(now)
            for one in [event.user_id or "", *event.speakers]
            if self._truth.owner(event, (event.project, one), now) is None
        }
        return {one for one in self._keys.values() if self._truth.requests_of(one)} - plain

    def erased(self) -> None:
        """Assert that no place has data of an erased person, except events after the erasure."""
        now = self._cell.now
        erased = {
            one: max(done, key=lambda each: each.at)
            for one in set(self._keys.values())
            if (done := self._done(one, now))
        }
        gone = {one for one in erased if one in self._of_nobody(now) and not self._waits(one, now)}
        names = [one for _, one in gone]
        names += [
            person.nickname
            for person in self._truth.script.people
            if all((person.project, one) in gone for one in person.ids)
        ]
        texts = {name: self._cell.warehouse.exported(name) for name in self._cell.warehouse.tables}
        texts |= dict(self._places())
        for place, text in texts.items():
            found = [name for name in names if name in text]
            assert not found, (place, found)
        rows = self._cell.warehouse.rows(
            "SELECT user_key, MIN(received_at) AS first FROM ("
            f"SELECT user_key, received_at FROM `{WAREHOUSE.store}.events_v1` UNION ALL "
            f"SELECT user_key, received_at FROM `{WAREHOUSE.store}.room_events_v1` UNION ALL "
            "SELECT speaker, received_at "
            f"FROM `{WAREHOUSE.store}.room_events_v1`, UNNEST(room.speakers) AS speaker"
            ") WHERE user_key IS NOT NULL GROUP BY user_key"
        )
        for row in rows:
            request = erased.get(self._keys.get(row["user_key"], ("", "")))
            assert request is None or row["first"] > request.at, (request, row["first"])

    def without_a_trace(self) -> None:
        """Assert that no place has the ids and keys of erased people who did not come back."""
        gone = self._of_nobody(self._cell.now)
        names = [name for key, one in self._keys.items() if one in gone for name in (key, one[1])]
        texts = {name: self._cell.warehouse.exported(name) for name in self._cell.warehouse.tables}
        for place, text in (texts | dict(self._places())).items():
            found = [name for name in names if name in text]
            assert not found, (place, found)

    def _done(self, one: Id, now: datetime) -> list[Request]:
        return [
            request
            for request in self._truth.requests_of(one)
            if (done := self._truth.executed_at(request, one)) is not None and done <= now
        ]

    def _waits(self, one: Id, now: datetime) -> bool:
        return len(self._done(one, now)) < len(
            [each for each in self._truth.requests_of(one) if each.at <= now]
        ) and not self._done_by_a_later_one(one, now)

    def _done_by_a_later_one(self, one: Id, now: datetime) -> bool:
        requests = [each for each in self._truth.requests_of(one) if each.at <= now]
        return all(self._truth.executed(request, one, now) for request in requests)

    def _places(self) -> Iterator[tuple[str, str]]:
        """Yield the content of each object and dead letter as text, also with its body decoded."""
        for name, (content, _, _) in self._cell.bucket.contents.items():
            text = content.decode(errors="replace")
            if name.startswith(spill.PREFIX):
                text += "".join(each.data.decode() for each in spill.decode(content))
            else:
                record = msgspec.json.decode(content, type=Quarantined)
                text += base64.b64decode(record.body).decode(errors="replace")
            yield name, text
        for letter in self._cell.letters.all():
            yield f"letter {letter.message_id}", f"{letter.data!r} {letter.attributes}"

    def active_users(self) -> None:
        """Assert that days before the open window keep their numbers, and others have true ones.

        People of an immediate erasure are counted a last time just before it. Events that come
        later to days in the open window are not counted for them, so the number may lie between two
        bounds.
        """
        now = self._cell.now
        today = now.date()
        rows = self._cell.warehouse.rows(f"SELECT * FROM `{WAREHOUSE.store}.active_users_v1`")
        for row in rows:
            if row["project"] == "other":
                continue
            of = (row["project"], row["day"])
            before = self._counted.get(of)
            if before is not None and row["day"] < before["today"] - OPEN_WINDOW_DAYS * DAY:
                assert row == before["row"], before
            for span, days in SPANS.items():
                self._check_span(row, span, days, now)
            self._counted[of] = {"row": row, "today": today}

    def _check_span(self, row: dict[str, Any], span: str, days: int, now: datetime) -> None:
        last = row["day"]
        if last < now.date() - OPEN_WINDOW_DAYS * DAY:
            return  # this day had its last count long ago
        first = last - (days - 1) * DAY
        cuts = [
            request
            for request in self._truth.script.requests
            if request.people[0].project == row["project"]
            and request.restored_at is None
            and request.at <= now
        ]
        if any(first <= request.at.date() <= last for request in cuts):
            return  # a cut-off lies in the span, so its numbers may change
        counted_before = [
            done
            for request in cuts
            if request.at.date() > last
            for one in request.ids()
            if (done := self._truth.executed_at(request, one)) is not None and done <= now
        ]
        most = len(self._truth.people(row["project"], last, days, now))
        least = len(
            self._truth.people(row["project"], last, days, min(counted_before, default=now))
        )
        assert least <= row[span] <= most, (row["project"], last, span, least, row[span], most)
