"""Remembers which identities are stored, so that few events have to store one."""

from collections import OrderedDict

from functions.events.coerce import MICROSECONDS
from functions.load.row import Identity

_DAY = 86_400 * MICROSECONDS


class KnownPeople:
    """A limited memory of people, by user key and day; the least recently seen is forgotten first.

    The day is included, so that ``identities_v1`` gets a row for each person once a day. The
    nickname is included, so that a new nickname is stored at once. A person who was forgotten gets
    one extra row. Only a hash of the nickname is kept, because senders choose the length of
    nicknames.

    Args:
        limit: the maximum number of people.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._nicknames: OrderedDict[tuple[str, int], int | None] = OrderedDict()

    def knows(self, person: Identity) -> bool:
        """Return whether the person's identity of this day is stored.

        If the given identity has a nickname, the stored one must have the same nickname.
        """
        key = _key(person)
        if key not in self._nicknames:
            return False
        self._nicknames.move_to_end(key)
        return person.nickname is None or self._nicknames[key] == hash(person.nickname)

    def remember(self, person: Identity) -> None:
        """Remember that the person's identity is stored."""
        key = _key(person)
        nickname = person.nickname
        self._nicknames[key] = self._nicknames.get(key) if nickname is None else hash(nickname)
        self._nicknames.move_to_end(key)
        if len(self._nicknames) > self._limit:
            self._nicknames.popitem(last=False)


def _key(person: Identity) -> tuple[str, int]:
    return person.user_key, person.received_at // _DAY
