"""Remembers which identities are stored, so that most events need not store one."""

from collections import OrderedDict

from functions.events.coerce import MICROSECONDS
from functions.load.row import Identity

_DAY = 86_400 * MICROSECONDS


class KnownPeople:
    """Remembers the people whose identities are stored.

    People are remembered by day, so ``identities_v1`` gets a row for each person once a day. A
    person with a new nickname does not count as known, so the new nickname is stored at once. If
    there are too many people, the person who was seen least recently is forgotten; this person gets
    one extra row. Instead of a nickname, its hash is kept, because senders choose the length of
    nicknames.

    Args:
        limit: the maximum number of people; each counts once for each day.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._nicknames: OrderedDict[tuple[str, int], int | None] = OrderedDict()

    def knows(self, person: Identity) -> bool:
        """Return whether a person's identity is stored for the day of the event.

        If the given identity has a nickname, the stored one must have the same nickname.
        """
        key = _key(person)
        if key not in self._nicknames:
            return False
        self._nicknames.move_to_end(key)
        return person.nickname is None or self._nicknames[key] == hash(person.nickname)

    def remember(self, person: Identity) -> None:
        """Remember that a person's identity is stored."""
        key = _key(person)
        nickname = person.nickname
        self._nicknames[key] = self._nicknames.get(key) if nickname is None else hash(nickname)
        self._nicknames.move_to_end(key)
        if len(self._nicknames) > self._limit:
            self._nicknames.popitem(last=False)


def _key(person: Identity) -> tuple[str, int]:
    return person.user_key, person.received_at // _DAY
