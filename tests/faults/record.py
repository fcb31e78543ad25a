"""A sender that records the events that it sent, and the answer for each of them."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpx

from tests.cell.running import PATIENCE_SECONDS
from tests.faults.rig import Rig

AT_A_TIME = 64
ARRAY = 50
ONE_REQUEST = {"connection": "close"}
"""Use a new connection for each request. The server closes a connection that is idle for 2 s. On a
machine that stands still for that long, the next request may already be on its way then."""

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Made only once, because that takes longer than a request."""


@dataclass
class Delivery:
    """One request: the rooms of its events, its status (0 without an answer), and the error."""

    name: str
    rooms: list[str]
    status: int | None = None
    error: str = ""
    accepted: set[str] = field(default_factory=set)

    def body(self) -> bytes:
        """The body: one event, or an array of events, each in a room of its own."""
        events = [
            {
                "event": "emoji_sent",
                "value": {"project": "dev", "event_id": room, "user_id": room[-2:], "emoji": 1},
            }
            for room in self.rooms
        ]
        return json.dumps(events if len(events) > 1 else events[0]).encode()


class Record:
    """The sender's record of a burst.

    Args:
        name: the name of the burst; the rooms of its events begin with it.
        events: how many events; a fifth is sent one by one, the rest in arrays.
    """

    def __init__(self, name: str, events: int) -> None:
        rooms = [f"{name}-{number:05}" for number in range(events)]
        single, rest = rooms[: events // 5], rooms[events // 5 :]
        groups = [[room] for room in single]
        groups += [rest[start : start + ARRAY] for start in range(0, len(rest), ARRAY)]
        # Mix the requests, so that each moment of the burst has requests of both sizes.
        groups.sort(key=lambda rooms: (int(rooms[0][-5:]) * 5) % events)
        self.name = name
        self.deliveries = [Delivery(rooms[0], rooms) for rooms in groups]

    @property
    def sent(self) -> set[str]:
        """The rooms of all events."""
        return {room for delivery in self.deliveries for room in delivery.rooms}

    @property
    def accepted(self) -> set[str]:
        """The rooms of the events that were answered with 2xx."""
        return {room for delivery in self.deliveries for room in delivery.accepted}

    @property
    def statuses(self) -> set[int | None]:
        """All statuses that occurred; 0 stands for no answer."""
        return {delivery.status for delivery in self.deliveries}

    @property
    def errors(self) -> set[str]:
        """The errors of requests that were not answered."""
        return {delivery.error for delivery in self.deliveries if delivery.error}

    def outstanding(self) -> list[Delivery]:
        """The requests that were not answered with 2xx yet."""
        return [delivery for delivery in self.deliveries if not delivery.accepted]


async def send(
    rig: Rig,
    deliveries: Sequence[Delivery],
    *,
    halfway: Callable[[], Awaitable[object]] | None = None,
    numbered: bool = False,
) -> None:
    """Send each request once, several at a time, and record the answers.

    Args:
        rig: the cell.
        deliveries: the requests.
        halfway: started when half of the requests are answered; the others are sent meanwhile.
        numbered: whether each request has an id, so that the same request later is a retry.
    """
    waiting = list(reversed(deliveries))
    answered = 0
    doing: list[asyncio.Future[object]] = []
    url = f"{rig.cell.url('receive')}/events/{rig.cell.token}"

    async def work() -> None:
        nonlocal answered
        # Each task has its own client: a large pool takes longer to find a connection than a
        # request takes.
        async with httpx.AsyncClient(
            timeout=PATIENCE_SECONDS, verify=NO_TLS, trust_env=False
        ) as client:
            while waiting:
                delivery = waiting.pop()
                headers = ONE_REQUEST | ({"webhook-id": delivery.name} if numbered else {})
                try:
                    answer = await client.post(url, content=delivery.body(), headers=headers)
                except httpx.TransportError as error:
                    delivery.status, delivery.error = 0, repr(error)
                    await asyncio.sleep(0.01)
                else:
                    _note(delivery, answer)
                answered += 1
                if halfway and answered == len(deliveries) // 2:
                    doing.append(asyncio.ensure_future(halfway()))

    await asyncio.gather(*(work() for _ in range(AT_A_TIME)))
    await asyncio.gather(*doing)


def _note(delivery: Delivery, answer: httpx.Response) -> None:
    delivery.status = answer.status_code
    if answer.status_code == 503:
        assert answer.headers["retry-after"]
    if answer.is_success:
        results = answer.json()["results"]
        assert [result["status"] for result in results] == [200] * len(delivery.rooms)
        delivery.accepted = set(delivery.rooms)
