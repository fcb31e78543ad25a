"""Remembers whose identity is stored already, so that few events need an identity row."""

from collections import OrderedDict

from functions.events.coerce import MICROSECONDS
from functions.load.row import Identity

_DAY = 86_400 * MICROSECONDS


class KnownPeople:
    """A bounded memory of people, by user key and day: the least recently seen is forgotten first.

    The day is part of it, so that ``identities_v1`` learns once a day that a person was seen, and
    so is the nickname, so that it learns of a new one at once. Forgetting costs one more row. Of
    the nickname a hash is kept: a sender chooses how long it is, but not what remembering it takes.

    Args:
        limit: how many people to remember.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._nicknames: OrderedDict[tuple[str, int], int | None] = OrderedDict()

    def knows(self, person: Identity) -> bool:
        """Say whether the person's identity of that day is stored, with that nickname if any."""
        key = _key(person)
        if key not in self._nicknames:
            return False
        self._nicknames.move_to_end(key)
        return person.nickname is None or self._nicknames[key] == hash(person.nickname)

    def remember(self, person: Identity) -> None:
        """Note that the person's identity is stored."""
        key = _key(person)
        nickname = person.nickname
        self._nicknames[key] = self._nicknames.get(key) if nickname is None else hash(nickname)
        self._nicknames.move_to_end(key)
        if len(self._nicknames) > self._limit:
            self._nicknames.popitem(last=False)


def _key(person: Identity) -> tuple[str, int]:
    return person.user_key, person.received_at // _DAY
