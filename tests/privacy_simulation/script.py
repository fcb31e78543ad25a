"""Writes the script of a simulation from a seed, before the simulation runs."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.privacy_simulation.words import (
    DAY,
    DAYS,
    HOUR,
    START,
    Arrival,
    Event,
    Hold,
    Person,
    Request,
    Script,
)

PEOPLE = 300
KINDS = (
    ("stream", "grace", "anonymise", 12 * (1,), 5),
    ("api", "grace", "anonymise", (3, 2, 2, 1), 1),
    ("api", "grace", "delete", (2, 2, 2, 2), 1),
    ("api", "immediate", "anonymise", (3, 3), 0),
    ("api", "immediate", "delete", (2, 2, 2), 0),
)
"""The kinds of erasures: source, mode, treatment, the number of people in each request, and how
many of these requests are taken back. The requests have 40 people in all; 10 of them are restored.
"""

QUIET = 32 * (0,)
"""32 choices of a day without events, besides four choices of a day with events."""

OFFBOARDED = START + 30 * DAY + 12 * HOUR
NAMES = ("message_sent", "emoji_sent", "message_reaction_sent", "session_started", "room_opened")
DELETED, RESTORED_EVENT = "delete_profile_confirmed", "account_restored"


def write(seed: int) -> Script:
    """Write the script that belongs to a seed."""
    random = Random(seed)
    people = tuple(_person(number, random) for number in range(PEOPLE))
    requests = tuple(_requests(people, random))
    life = _Life(random, requests)
    events = [event for person in people for event in life.of(person)]
    events += [event for request in requests for event in life.told(request)]
    events += life.rooms(people)
    return Script(
        people,
        requests,
        tuple(sorted(events, key=lambda event: (event.received_at, event.ingest_id))),
        tuple(_holds(requests)),
        OFFBOARDED,
    )


def _person(number: int, random: Random) -> Person:
    project = "dev" if number < 200 else "shop" if number < 260 else "other"
    ids = [f"id-{number:03}-{letter}" for letter in "abc"[: random.choice((1, 1, 1, 2, 3))]]
    return Person(number, project, tuple(ids), f"nickname-{number:03}")


def _requests(people: tuple[Person, ...], random: Random) -> Iterator[Request]:
    """Choose the people of erasures, and the times of the requests.

    Immediate deletions include people with an earlier deletion in the chat: one is still waiting,
    one has come back meanwhile, and one was executed long ago.
    """
    candidates = random.sample(people[:260], 60)
    made: list[Request] = []
    for source, mode, rows, sizes, restored in KINDS:
        for nth, size in enumerate(sizes):
            first, last = (3, 26) if mode == "grace" else (5, 50)
            at = START + random.randint(first, last) * DAY + random.randint(8, 20) * HOUR
            chosen = [candidates.pop()]
            if (mode, rows) == ("immediate", "delete"):
                earlier = made[(6, 7, 9)[nth]]
                chosen, at = [*earlier.people], earlier.at + (20, 25, 31)[nth] * DAY
            while len(chosen) < size:
                same = [each for each in candidates if each.project == chosen[0].project]
                chosen.append(same[0])
                candidates.remove(same[0])
            request = Request(
                number=len(made),
                people=tuple(chosen),
                at=at + timedelta(seconds=len(made)),
                source=source,
                mode=mode,
                rows=rows,
                restored_at=at + random.randint(2, 20) * DAY if nth < restored else None,
                user_id=chosen[0].ids[0] if source == "stream" else "",
            )
            made.append(request)
            yield request


def _holds(requests: tuple[Request, ...]) -> Iterator[Hold]:
    """Yield two holds: on a person in the grace period, and on one with an immediate erasure."""
    waits = next(
        each
        for each in requests
        if (each.mode, each.rows) == ("grace", "delete") and each.restored_at is None
    )
    hurries = next(each for each in requests if each.mode == "immediate")
    yield Hold(waits.people[0], START + 2 * DAY, START + 90 * DAY, START + 57 * DAY)
    yield Hold(hurries.people[0], START + 2 * DAY, hurries.at + 6 * DAY)


class _Life:
    """Makes the events of people and rooms.

    Args:
        random: makes the random choices.
        requests: the erasures; after an erasure, a person has no events until a return.
    """

    def __init__(self, random: Random, requests: tuple[Request, ...]) -> None:
        self._random = random
        self._away: dict[int, list[tuple[datetime, datetime]]] = {}
        for request in requests:
            for person in request.people:
                # Half of the people come back after some days, or when they are restored.
                days = random.randint(3, 15) if request.number % 2 else 10 * DAYS
                until = request.restored_at or request.at + days * DAY
                self._away.setdefault(person.number, []).append((request.at, until))

    def of(self, person: Person) -> Iterator[Event]:
        """Yield the events of a person."""
        for day in range(DAYS):
            for _ in range(self._random.choice((*QUIET, 1, 1, 2, 2))):
                at = (
                    START
                    + day * DAY
                    + timedelta(microseconds=self._random.randrange(82_800 * 10**6))
                )
                if person.project == "other" and at > OFFBOARDED:
                    continue
                if any(since < at <= until for since, until in self._away.get(person.number, ())):
                    continue
                user = self._random.choice(person.ids)
                yield self._event(person, user, self._random.choice(NAMES), at, self._ways(at))

    def told(self, request: Request) -> Iterator[Event]:
        """Yield the chat's messages about a deletion; some come twice, or after the return."""
        if request.source != "stream":
            return
        [person] = request.people
        first = request.at
        if request.restored_at:
            back = request.restored_at
            yield self._event(person, request.user_id, RESTORED_EVENT, back, (Arrival(back),))
            first = back + DAY if request.number % 2 else request.at
        arrivals: tuple[Arrival, ...] = (Arrival(first), Arrival(first + DAY))
        if request.number % 3:
            arrivals = arrivals[:1]
        yield self._event(person, request.user_id, DELETED, request.at, arrivals)

    def rooms(self, people: tuple[Person, ...]) -> Iterator[Event]:
        """Yield an event of the Rooms webhook with the speakers, for each project and day."""
        for day in range(DAYS):
            for project in ("dev", "shop", "other"):
                at = START + day * DAY + self._random.randint(0, 22) * HOUR
                if project == "other" and at > OFFBOARDED:
                    continue
                candidates = [
                    person
                    for person in people
                    if person.project == project
                    and not any(
                        since < at <= until for since, until in self._away.get(person.number, ())
                    )
                ]
                speakers = [person.ids[0] for person in self._random.sample(candidates, 4)]
                value = {"project": project, "id": f"room-{day % 5}", "speakers": speakers}
                yield self._made(project, "room_updated", at, "", value, (Arrival(at),), speakers)

    def _ways(self, at: datetime) -> tuple[Arrival, ...]:
        """Choose how an event arrives: most at once, some late, twice, or after a replay."""
        later = at + self._random.randint(1, 6) * DAY
        ways: tuple[tuple[int, tuple[Arrival, ...]], ...] = (
            (2, (Arrival(at, "spill"),)),
            (2, (Arrival(at, "quarantine"),)),
            (2, (Arrival(later, "dead_letters"),)),
            # The event is stored, and a copy comes from the dead letters later.
            (1, (Arrival(at), Arrival(later, "dead_letters"))),
            (4, (Arrival(later),)),
            (3, (Arrival(at), Arrival(later))),
            (86, (Arrival(at),)),
        )
        return self._random.choices([way for _, way in ways], [weight for weight, _ in ways])[0]

    def _event(
        self, person: Person, user: str, name: str, at: datetime, arrivals: tuple[Arrival, ...]
    ) -> Event:
        value = {
            "user_id": user,
            "nickname": person.nickname,
            "event_id": f"room-{person.number % 5}",
            "project": person.project,
            "platform": "web",
        }
        if self._random.random() < 0.02:
            value["remark"] = f"{person.nickname} was here"  # an unknown property may be personal
        return self._made(person.project, name, at, user, value, arrivals)

    def _made(
        self,
        project: str,
        name: str,
        at: datetime,
        user: str,
        value: Mapping[str, Any],
        arrivals: tuple[Arrival, ...],
        speakers: "list[str] | None" = None,
    ) -> Event:
        data = json.dumps({"event": name, "value": value}).encode()
        ingest_id = f"{self._random.getrandbits(128):032x}"
        return Event(ingest_id, project, name, at, user, data, arrivals, tuple(speakers or ()))
