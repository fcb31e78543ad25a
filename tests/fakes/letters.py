"""Dead letters, in memory."""

from collections.abc import Sequence

from functions.events.message import Message
from functions.google.subscription import Letter, Subscription, SubscriptionUnavailable
from tests.fakes.hook import Hook, ignore


class Letters(Subscription):
    """Stands for `functions.google.subscription.Subscription` of the dead letters.

    A pulled letter can be pulled again only after it was given back, or after its lease expired.

    Attributes:
        waiting: the letters that can be pulled.
        leased: the letters that were pulled, and neither acknowledged nor given back.
        pulled: the letters of all pulls.
        acknowledged: the letters of all acknowledgements.
        given_back: the letters that were given back, as the caller named them.
        batch: the maximum number of letters in one pull.
        empty_pulls: how many of the next pulls return nothing, although letters wait.
        failing: the actions that fail: ``pull``, ``acknowledge``, ``give_back``.
        before: called with each action before it happens.
        after: called with each action after it happened.
    """

    def __init__(self) -> None:
        self.waiting: list[Letter] = []
        self.leased: list[Letter] = []
        self.pulled: list[Letter] = []
        self.acknowledged: list[Letter] = []
        self.given_back: list[Letter] = []
        self.batch = 100
        self.empty_pulls = 0
        self.failing: set[str] = set()
        self.before: Hook = ignore
        self.after: Hook = ignore
        self._count = 0

    def put(self, *messages: Message, **added: str) -> None:
        """Add dead letters with these messages, and with attributes that Pub/Sub adds."""
        for message in messages:
            self.put_raw(message.data, message.attributes.to_mapping() | added)

    def put_raw(self, data: bytes, attributes: dict[str, str]) -> None:
        """Add a dead letter with any data and attributes."""
        number, self._count = self._count, self._count + 1
        self.waiting.append(Letter(f"ack-{number}", f"message-{number}", data, attributes))

    async def pull(self) -> list[Letter]:
        self._begin("pull")
        if self.empty_pulls:
            self.empty_pulls -= 1
            return []
        letters, self.waiting = self.waiting[: self.batch], self.waiting[self.batch :]
        self.leased += letters
        self.pulled += letters
        self.after("pull")
        return letters

    async def acknowledge(self, letters: Sequence[Letter]) -> None:
        assert letters, "Pub/Sub refuses a request without ids"
        self._begin("acknowledge")
        self._end_leases(letters)
        self.acknowledged += letters
        self.after("acknowledge")

    async def give_back(self, letters: Sequence[Letter]) -> None:
        if not letters:
            return  # the real client makes no request either
        self._begin("give_back")
        self.waiting += self._end_leases(letters)
        self.given_back += letters
        self.after("give_back")

    def expire_leases(self) -> None:
        """Give back all leased letters, as Pub/Sub does after the acknowledgement deadline."""
        self.waiting += self.leased
        self.leased = []

    def all(self) -> list[Letter]:
        """Return all letters that Pub/Sub still stores, leased or not."""
        return [*self.waiting, *self.leased]

    def _begin(self, action: str) -> None:
        self.before(action)
        if action in self.failing:
            raise SubscriptionUnavailable("ServiceUnavailable")

    def _end_leases(self, letters: Sequence[Letter]) -> list[Letter]:
        """Return the letters as they were pulled: Pub/Sub knows only the ids of deliveries."""
        ids = {letter.ack_id for letter in letters}
        ended = [letter for letter in self.leased if letter.ack_id in ids]
        self.leased = [letter for letter in self.leased if letter.ack_id not in ids]
        return ended
