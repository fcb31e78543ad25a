"""Partners who have left, as events are looked at: whose is it, and must it be kept?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from functions.events.attributes import parse_kind
from functions.events.body import BadMessage
from functions.events.layout import Layouts
from functions.events.person import mentioned
from functions.secrets.closed_partners import ClosedList, ClosedPartner
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.warehouse.protocols import Statements


class PersonOnHold(NamedTuple):
    """A person whom a legal hold names, as ``sql/privacy/find_people_on_hold.sql`` tells."""

    partner: str
    project: str
    user_key: str


class ClosedPartners:
    """Partners who have left.

    Args:
        partners: by name.
        on_hold: whom their legal holds name,
        at: at this moment, with an offset.
        keys: of user keys.
        layouts: of the catalogue's events.
    """

    def __init__(
        self,
        partners: Mapping[str, ClosedPartner],
        on_hold: Collection[PersonOnHold],
        at: datetime,
        keys: PseudonymKeys,
        layouts: Layouts,
    ) -> None:
        self.partners = partners
        self.at = at
        self._list = ClosedList(dict(partners))
        self._on_hold = frozenset(on_hold)
        self._keys = keys
        self._layouts = layouts

    def owner(self, attributes: Mapping[str, str]) -> str | None:
        """Return which of the partners an event is of; None where it is of nobody of them."""
        if not self._list.is_closed(attributes):
            return None
        project = attributes.get("project")
        return attributes.get("partner") or next(
            name for name, entry in self.partners.items() if project in entry.projects
        )

    def has_people_on_hold(self, partner: str) -> bool:
        """Say whether a legal hold names anybody of a partner."""
        return any(person.partner == partner for person in self._on_hold)

    def keeps(self, partner: str, data: bytes, attributes: Mapping[str, str]) -> bool:
        """Say whether a legal hold names the person whom an event is about, or a speaker.

        Args:
            partner: whose event it is.
            data: the sender's own bytes.
            attributes: of its message; without a project it may be of each of the partner's.
        """
        named = attributes.get("project")
        theirs = {person.project for person in self._on_hold if person.partner == partner}
        projects = theirs & {named} if named else theirs
        if not projects:
            return False
        try:
            people = mentioned(data, parse_kind(attributes.get("kind", "")), self._layouts)
        except (BadMessage, ValueError):
            return False  # it names nobody
        return any(
            PersonOnHold(partner, project, key) in self._on_hold
            for user in (people.user_id, *people.speakers)
            if user is not None
            for project in projects
            for key in self._keys.all_user_keys(project, user)
        )


@dataclass(frozen=True, slots=True)
class PeopleOnHold:
    """Reads whom legal holds name.

    Args:
        statements: of ``sql/privacy``.
        keys: of user keys.
        layouts: of the catalogue's events.
    """

    statements: Statements
    keys: PseudonymKeys
    layouts: Layouts

    async def read(self, partners: Mapping[str, ClosedPartner], at: datetime) -> ClosedPartners:
        """Return partners who have left, with whom their holds named at a moment (UTC).

        Raises:
            StatementFailed: that cannot be read.
        """
        rows = await self.statements.rows("find_people_on_hold", partners=sorted(partners), now=at)
        on_hold = [PersonOnHold(row["partner"], row["project"], row["user_key"]) for row in rows]
        return ClosedPartners(partners, on_hold, at, self.keys, self.layouts)
