"""Partners who have left, as events are looked at: whose is it, and must it be kept?"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from functions.closed import ClosedList, ClosedPartner
from functions.events.body import BadMessage
from functions.events.envelope import parse_kind
from functions.events.layout import Layouts
from functions.events.person import mentioned
from functions.pseudonym import PseudonymKeys

Deadline = Callable[[], bool]
"""Says whether the time for further steps is over."""


SetAside = Callable[[str, bytes, Mapping[str, str]], Awaitable[None]]
"""Keeps an event in quarantine: its partner, the sender's own bytes, its message's attributes."""


class Held(NamedTuple):
    """A person whom a legal hold names, as ``sql/privacy/find_held_people.sql`` tells."""

    partner: str
    project: str
    user_key: str


@dataclass(slots=True)
class Found:
    """What was found of partners, each counted by partner and place.

    Attributes:
        all: everything.
        kept: of that, what a legal hold keeps.
        unreadable: of the rest, what cannot be looked into and so stays.
    """

    all: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    unreadable: Counter[tuple[str, str]] = field(default_factory=Counter)


class Departed:
    """Partners who have left.

    Args:
        partners: by name.
        held: whom their legal holds name.
        keys: of user keys.
        layouts: of the catalogue's events.
    """

    def __init__(
        self,
        partners: Mapping[str, ClosedPartner],
        held: Collection[Held],
        keys: PseudonymKeys,
        layouts: Layouts,
    ) -> None:
        self.partners = partners
        self._list = ClosedList(dict(partners))
        self._held = frozenset(held)
        self._keys = keys
        self._layouts = layouts

    def owner(self, attributes: Mapping[str, str]) -> str | None:
        """Return which of the partners an event is of; None where it is of nobody of them."""
        if not self._list.covers(attributes):
            return None
        project = attributes.get("project")
        return attributes.get("partner") or next(
            name for name, entry in self.partners.items() if project in entry.projects
        )

    def has_held(self, partner: str) -> bool:
        """Say whether a legal hold names anybody of a partner."""
        return any(held.partner == partner for held in self._held)

    def keeps(self, partner: str, data: bytes, attributes: Mapping[str, str]) -> bool:
        """Say whether a legal hold names the person whom an event is about, or a speaker.

        Args:
            partner: whose event it is.
            data: the sender's own bytes.
            attributes: of its message.
        """
        project = attributes.get("project", "")
        if not project or not self.has_held(partner):
            return False
        try:
            found = mentioned(data, parse_kind(attributes.get("kind", "")), self._layouts)
        except (BadMessage, ValueError):
            return False  # it names nobody
        return any(
            Held(partner, project, key) in self._held
            for user in (found.user_id, *found.speakers)
            if user is not None
            for key in self._keys.all_user_keys(project, user)
        )
