"""Plays the script in the cell, day by day."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from random import Random

from tests.privacy_simulation.cell import Cell
from tests.privacy_simulation.truth import Truth
from tests.privacy_simulation.words import (
    DAY,
    DAYS,
    HOUR,
    MINUTE,
    PROJECTS,
    START,
    Arrival,
    Event,
    Hold,
    Person,
    Request,
    Script,
)

DELIVERED = 23 * HOUR
REPLAYED = DELIVERED + 10 * MINUTE
SWEPT = DELIVERED + 30 * MINUTE
SETTLED = DELIVERED + 50 * MINUTE
"""The times of a day at which events arrive, and at which the jobs run."""

NIGHT_DAYS = (14, 34, 59)
REPLAY_DAYS = (19, 39, 59)
SWEEP_DAYS = tuple(range(4, DAYS, 5))
CHECK_DAYS = (9, *NIGHT_DAYS[:2], 44, 59)
"""The days on which jobs and checks run. A real cell refreshes and settles every night, and sweeps
every hour; that would take too long here."""


def truth_of(script: Script) -> Truth:
    """Return the truth of a script, with the times of this module's jobs."""
    replays = [START + day * DAY + REPLAYED for day in REPLAY_DAYS]
    sweeps = [START + day * DAY + SWEPT for day in SWEEP_DAYS]
    return Truth(script, sorted(sweeps + replays), replays)


class Timeline:
    """Plays a script.

    Args:
        script: the script.
        cell: the cell in which it is played.
        seed: decides the order in which the events of a day arrive.
    """

    def __init__(self, script: Script, cell: Cell, seed: int) -> None:
        self._script = script
        self._cell = cell
        self._random = Random(seed)
        self._erasures: dict[int, str] = {}
        self._holds: dict[int, str] = {}
        self._arrivals: dict[int, list[tuple[Arrival, Event]]] = defaultdict(list)
        for event in script.events:
            for arrival in event.arrivals:
                self._arrivals[(arrival.at - START).days].append((arrival, event))

    @property
    def erasure_ids(self) -> dict[int, str]:
        """The ids of erasures through the interface, by the number of the request."""
        return self._erasures

    async def play(self, day: int) -> None:
        """Play a day, up to the jobs at its end."""
        midnight = START + day * DAY
        for moment, action in sorted(self._asked(midnight), key=lambda each: each[0]):
            self._cell.set_time(moment)
            await action()
        self._cell.set_time(midnight + DELIVERED)
        await self._arrive(day)
        if day in REPLAY_DAYS:
            self._cell.set_time(midnight + REPLAYED)
            await self._cell.replay()
        if day in SWEEP_DAYS:
            self._cell.set_time(midnight + SWEPT)
            await self._cell.sweep()
            self._cell.set_time(midnight + SETTLED)
            await self._cell.settle(set())
        if day in NIGHT_DAYS:
            await self._cell.refresh()

    def _asked(self, midnight: datetime) -> list[tuple[datetime, Callable[[], Awaitable[None]]]]:
        """Return the requests to the privacy function on a day, with their times."""
        actions: list[tuple[datetime, Callable[[], Awaitable[None]]]] = []
        for request in self._script.requests:
            if request.source == "api":
                actions.append((request.at, partial(self._erase, request)))
                if request.restored_at:
                    actions.append((request.restored_at, partial(self._restore, request)))
        for number, hold in enumerate(self._script.holds):
            actions.append((hold.at, partial(self._hold, number, hold)))
            if hold.released_at:
                actions.append((hold.released_at, partial(self._release, number)))
        offboarding = partial(self._cell.offboard, PROJECTS["other"], "other")
        actions.append((self._script.leaves_at, offboarding))
        return [(at, action) for at, action in actions if midnight <= at < midnight + DAY]

    async def _arrive(self, day: int) -> None:
        """Let all events of a day arrive, in a random order."""
        arrivals = self._arrivals[day]
        self._random.shuffle(arrivals)
        ways: dict[str, list[Event]] = defaultdict(list)
        for arrival, event in arrivals:
            ways[arrival.way].append(event)
        await self._cell.deliver([event.message for event in ways["topic"]])
        if ways["spill"]:
            self._cell.spill(ways["spill"])
        for event in ways["quarantine"]:
            await self._cell.quarantine_event(event)
        for event in ways["dead_letters"]:
            self._cell.letters.put_raw(event.data, event.attributes.to_mapping())

    async def _erase(self, request: Request) -> None:
        body = {
            "project": request.people[0].project,
            "people": [{"ids": person.ids} for person in request.people],
            "mode": request.mode,
            "rows": request.rows,
        }
        for _ in range(2 if request.number % 3 == 0 else 1):  # some requests are sent twice
            answer = await self._cell.surely(
                partial(self._cell.desk.ask, "POST", "/erasures", body)
            )
            self._cell.desk.now = request.at
            assert answer.status_code in {200, 202}
            found = answer.json()["erasure_id"]
            assert self._erasures.setdefault(request.number, found) == found

    async def _restore(self, request: Request) -> None:
        path = f"/erasures/{self._erasures[request.number]}"
        answer = await self._cell.surely(partial(self._cell.desk.ask, "DELETE", path))
        assert (answer.status_code, answer.json()["status"]) == (200, "restored")

    async def _hold(self, number: int, hold: Hold) -> None:
        person: Person = hold.person
        body = {
            "project": person.project,
            "ids": person.ids,
            "reason": "A suit",
            "until": hold.until,
        }
        answer = await self._cell.surely(partial(self._cell.desk.ask, "POST", "/holds", body))
        assert answer.status_code == 201
        self._holds[number] = answer.json()["hold_id"]

    async def _release(self, number: int) -> None:
        path = f"/holds/{self._holds[number]}"
        answer = await self._cell.surely(partial(self._cell.desk.ask, "DELETE", path))
        assert answer.status_code == 200
