"""The truth: what must be in a cell at a moment, computed from the script in the simplest way."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from functions.privacy.periods import GATHERING, GRACE
from tests.privacy_simulation.words import DAY, Arrival, Event, Request, Script

State = Literal["plain", "hidden", "anonymous", "gone"]
"""The state of an event: shown with its person's own key, with another key, or without a person, or
not shown at all."""

Id = tuple[str, str]
"""A project, and the id of a person in it."""


class Truth:
    """The truth about a script.

    Args:
        script: the script.
        sweeps: the times of sweeps, in order. A sweep executes all due erasures if one of them has
            waited for others long enough, or has no grace period.
        replays: the times of replays, in order.
    """

    def __init__(self, script: Script, sweeps: list[datetime], replays: list[datetime]) -> None:
        self.script = script
        self._replays = replays
        self._requests: dict[Id, list[Request]] = defaultdict(list)
        self._arrived: dict[str, datetime | None] = {}
        self._heard = _deletions_heard(script)
        for request in script.requests:
            for one in request.ids():
                self._requests[one].append(request)
        self._executions: list[datetime] = []
        self._find_executions(sweeps)

    def requests_of(self, one: Id) -> list[Request]:
        """Return all requests for an id, at any time."""
        return self._requests.get(one, [])

    def filed_at(self, request: Request) -> datetime:
        """Return when a request is filed; one in the chat is filed when its message comes."""
        return self._heard.get(request.number, request.at)

    def is_restored(self, request: Request, now: datetime) -> bool:
        """Say whether a request was taken back before a moment."""
        return request.restored_at is not None and request.restored_at <= now

    def due_at(self, request: Request) -> datetime:
        """Return when a request becomes due."""
        return request.at if request.mode == "immediate" else request.at + GRACE

    def executed_at(self, request: Request, one: Id) -> datetime | None:
        """Return when a request is executed for an id, if no other request is; None for never.

        A person under a hold waits for its end; the other people of the request do not wait.
        """
        if request.restored_at is not None:
            return None
        earliest = self._earliest(request, one)
        if request.mode == "immediate" and earliest == request.at:
            return request.at
        return next((sweep for sweep in self._executions if sweep >= earliest), None)

    def _earliest(self, request: Request, one: Id) -> datetime:
        """Return when a request is due for an id, and no hold keeps the person any more."""
        held = [
            hold.over_at
            for hold in self.script.holds
            if one == (hold.person.project, one[1])
            and one[1] in hold.person.ids
            and hold.at <= self.due_at(request) < hold.over_at
        ]
        return max([self.due_at(request), *held])

    def _find_executions(self, sweeps: list[datetime]) -> None:
        """Find the sweeps that execute erasures, in order."""
        for sweep in sweeps:
            waiting = [
                (request, one)
                for one, requests in self._requests.items()
                for request in requests
                if request.restored_at is None
                and self.filed_at(request) <= sweep
                and self._earliest(request, one) <= sweep
                and self.executed(request, one, sweep) is None
            ]
            if any(
                request.mode == "immediate" or self.due_at(request) <= sweep - GATHERING
                for request, _ in waiting
            ):
                self._executions.append(sweep)

    def owner(self, event: Event, one: Id, now: datetime) -> Request | None:
        """Return the request that applies to an event of an id: the first one after the event."""
        for request in sorted(self.requests_of(one), key=lambda each: each.at):
            if (
                event.received_at <= request.at
                and self.filed_at(request) <= now
                and not self.is_restored(request, now)
            ):
                return request
        return None

    def executed(self, owner: Request, one: Id, now: datetime) -> Request | None:
        """Return the request that executed another one, or None while the other one waits.

        A request is executed by itself, or by a later one, which also executes all earlier ones.
        """
        done = [
            (moment, request)
            for request in self.requests_of(one)
            if request.at >= owner.at
            and (moment := self.executed_at(request, one)) is not None
            and moment <= now
        ]
        return min(done, key=lambda each: each[0])[1] if done else None

    def deletes(self, owner: Request, one: Id, now: datetime) -> bool:
        """Say whether a request deletes rows, or another one that came while it waited."""
        by = self.executed(owner, one, now)
        until = self.executed_at(by, one) if by else None
        return any(
            request.rows == "delete"
            for request in self.requests_of(one)
            if request is owner
            or (request.at >= owner.at and (until is None or request.at <= until))
        )

    def state(self, event: Event, now: datetime) -> State:
        """Return the state of a stored event."""
        if event.project == "other" and now >= self.script.leaves_at:
            return "gone"
        one = (event.project, event.user_id)
        owner = self.owner(event, one, now)
        if owner is None:
            return "plain"
        if self.executed(owner, one, now) is None:
            return "hidden"
        return "gone" if self.deletes(owner, one, now) else "anonymous"

    def arrived_at(self, event: Event) -> datetime | None:
        """Return when an event is first stored; None if it is never stored."""
        if event.ingest_id not in self._arrived:
            self._arrived[event.ingest_id] = self._first_arrival(event)
        return self._arrived[event.ingest_id]

    def _first_arrival(self, event: Event) -> datetime | None:
        moments = [self._stored_at(event, arrival) for arrival in event.arrivals]
        return min((moment for moment in moments if moment), default=None)

    def _stored_at(self, event: Event, arrival: Arrival) -> datetime | None:
        moment: datetime | None = arrival.at
        if arrival.way != "topic":
            moment = next((replay for replay in self._replays if replay >= arrival.at), None)
        if moment and event.project == "other" and moment >= self.script.leaves_at:
            return None  # `load` drops events of closed partners
        return moment

    def shown(self, now: datetime) -> Iterator[tuple[Event, State]]:
        """Yield the events that views show, each with its state."""
        for event in self.script.events:
            arrived_at = self.arrived_at(event)
            if arrived_at is None or arrived_at > now:
                continue
            state = self.state(event, now)
            if state != "gone":
                yield event, state

    def counts(self, now: datetime) -> Counter[tuple[str, date]]:
        """Count the chat events that views show, by project and day."""
        return Counter(
            (event.project, event.received_at.date())
            for event, _ in self.shown(now)
            if event.user_id
        )

    def people(self, project: str, last: date, days: int, now: datetime) -> set[str]:
        """Return the ids that were active in the `days` up to `last`, even if they are erased."""
        first = last - (days - 1) * DAY
        return {
            event.user_id
            for event in self.script.events
            if event.user_id
            and event.project == project
            and first <= event.received_at.date() <= last
            and (arrived_at := self.arrived_at(event)) is not None
            and arrived_at <= now
        }


def _deletions_heard(script: Script) -> dict[int, datetime]:
    """Return when the first message of each deletion in the chat comes, by the request's number."""
    heard = {}
    for request in script.requests:
        for event in script.events:
            if (
                event.user_id == request.user_id
                and event.received_at == request.at
                and event.event == "delete_profile_confirmed"
            ):
                heard[request.number] = min(arrival.at for arrival in event.arrivals)
    return heard
