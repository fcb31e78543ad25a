"""Makes realistic traffic from the catalogue: people visit rooms, read, write, react and leave.

The same arguments give the same events. An event that is added to the catalogue appears in the
traffic without a change here.
"""

import base64
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

from functions.events.attributes import Kind
from functions.events.catalogue import Catalogue, Event, Property, Scalar
from local.behaviour import (
    ACTIVITIES,
    AGENTS,
    BEAT,
    BEAT_SECONDS,
    COMES_BACK,
    ENTRY,
    FAVOURITES,
    FIRST_VISIT,
    GOES_ON,
    NICKNAMES,
    ROOMS,
    SCREENS,
    TURNED_AWAY,
    Person,
)
from local.webhook import Plan, Webhook

VISIT = timedelta(minutes=15)
"""The longest time that a visit can last."""
DAY = timedelta(days=1)


def make_traffic(plan: Plan, catalogue: Catalogue) -> list[Webhook]:
    """Make the webhooks of a plan, ordered by time."""
    return _Maker(plan, catalogue).make()


class _Maker:
    def __init__(self, plan: Plan, catalogue: Catalogue) -> None:
        self._plan = plan
        self._random = random.Random(plan.seed)  # noqa: S311 - nothing secret is drawn
        self._events = {event.name: event for event in catalogue.events}
        self._rooms = catalogue.room_events
        self._people = [self._person() for _ in range(plan.users)]
        self._new_people = set(range(plan.users))
        named = {name for _, names in ACTIVITIES for name in names} | {*ENTRY, *FIRST_VISIT, BEAT}
        self._activities = ACTIVITIES + tuple((1, (n,)) for n in self._events if n not in named)

    def make(self) -> list[Webhook]:
        webhooks = list(self._room_webhooks())
        visits = 0
        while len(webhooks) < self._plan.events:
            webhooks += self._visit(visits)
            visits += 1
        return sorted(webhooks[: self._plan.events], key=lambda webhook: webhook.at)

    def _person(self) -> Person:
        draw = self._random
        platform = draw.choice(tuple(AGENTS))
        return Person(
            user_id=base64.b64encode(draw.randbytes(16)).decode(),
            nickname=draw.choice(NICKNAMES),
            project=draw.choice(self._plan.projects),
            platform=platform,
            user_agent=draw.choice(AGENTS[platform]),
            screen_size=draw.choice(SCREENS),
        )

    def _room_webhooks(self) -> Iterator[Webhook]:
        """Yield the room events, at the start: rooms are created; the last one is deleted again."""
        at = self._start()
        for room, event in product(ROOMS, self._rooms):
            if "deleted" in event.name and room != ROOMS[-1]:
                continue
            at += timedelta(seconds=30)
            for project in self._plan.projects:
                speakers = [person.user_id for person in self._people if person.project == project]
                value: dict[str, object] = {
                    "project": project,
                    "roomId": room,
                    "name": f"Room {room}",
                    "speakers": self._random.sample(speakers, min(2, len(speakers))),
                    **event.sample,
                }
                yield self._webhook(at, "room", event, value)

    def _start(self) -> datetime:
        midnight = self._plan.until.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=self._plan.days - 1)

    def _visit(self, number: int) -> Iterator[Webhook]:
        """Yield one person's visit; each of the first visits ends with another activity in full."""
        draw = self._random
        index = draw.randrange(len(self._people))
        person = self._people[index]
        is_complete = number < len(self._activities)
        if not is_complete and draw.random() < TURNED_AWAY:
            yield from self._follow(person, [ENTRY[:1]])
            return
        chosen = draw.choices(
            [names for _, names in self._activities],
            [weight for weight, _ in self._activities],
            k=draw.randint(1, 5),
        )
        activities = [ENTRY, *map(self._part, chosen)]
        if is_complete:
            activities.append(self._activities[number][1])
        if index in self._new_people or number == 0:
            self._new_people.discard(index)
            activities.insert(1, FIRST_VISIT)
        yield from self._follow(person, activities)

    def _part(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the first steps of an activity; the person leaves it after the last of them."""
        if COMES_BACK in names:
            return names
        steps = 1
        while steps < len(names) and self._random.random() < GOES_ON:
            steps += 1
        return names[:steps]

    def _follow(self, person: Person, activities: list[tuple[str, ...]]) -> Iterator[Webhook]:
        draw = self._random
        started = self._start_of_visit()
        room = draw.choice(ROOMS)
        at, beats = started, list(BEAT_SECONDS)
        common = {
            "user_id": person.user_id,
            "event_id": room,
            "platform": person.platform,
            "platformUserAgent": person.user_agent,
            "screen_size": person.screen_size,
            "project": person.project,
            "source": "room",
            "nickname": person.nickname,
        }
        for names in activities:
            about: dict[str, object] = {}  # the events of an activity are about the same poll
            for name in names:
                while beats and (at - started).total_seconds() > beats[0]:
                    beat = common | {"Duration": beats[0]}
                    moment = started + timedelta(seconds=beats.pop(0))
                    yield self._webhook(moment, "chat", self._events[BEAT], beat)
                yield self._webhook(at, "chat", self._events[name], common, about)
                at += timedelta(seconds=draw.uniform(1, 20))

    def _start_of_visit(self) -> datetime:
        """Draw the start of a visit, early enough that the visit is over before the traffic ends.

        Each day is equally likely, so that today has numbers even soon after midnight.
        """
        last = self._plan.until - VISIT
        days = [self._start() + number * DAY for number in range(self._plan.days)]
        day = self._random.choice([day for day in days if day < last] or days[-1:])
        length = max(min(last - day, DAY), timedelta(0))
        return day + self._random.random() * length

    def _webhook(
        self,
        at: datetime,
        kind: Kind,
        event: Event,
        common: Mapping[str, object],
        about: dict[str, object] | None = None,
    ) -> Webhook:
        """Make a webhook with the values in `about`; add a value for each property it lacks."""
        about = {} if about is None else about
        own = [prop for prop in event.properties if prop.sent_as not in common]
        for prop in own:
            if prop.sent_as not in about:
                about[prop.sent_as] = self._value(prop)
        value = {prop.sent_as: about[prop.sent_as] for prop in own}
        body: dict[str, object] = {"event": event.name, "value": {**common, **value}}
        ingest_id = UUID(bytes=self._random.randbytes(16), version=4)
        return Webhook(at.astimezone(UTC), kind, str(ingest_id), body)

    def _value(self, prop: Property) -> Scalar | list[Scalar]:
        choices = prop.values or FAVOURITES.get(prop.name, prop.examples)
        if prop.repeated:
            return self._random.sample(choices, self._random.randint(1, min(2, len(choices))))
        return self._random.choice(choices)
