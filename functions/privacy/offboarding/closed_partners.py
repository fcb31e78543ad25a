"""Decides which closed partner an event belongs to, and whether a legal hold keeps the event."""

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
from functions.warehouse.statements import Statements


class PersonOnHold(NamedTuple):
    """A person on legal hold, as returned by ``sql/privacy/find_people_on_hold.sql``."""

    partner: str
    project: str
    user_key: str


class ClosedPartners:
    """Closed partners, and their people who are on legal hold.

    Args:
        partners: the closed partners, by name.
        on_hold: the people on hold.
        at: the time at which these people were on hold (timezone-aware).
        keys: computes user keys.
        layouts: the layouts of the events in the catalogue.
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
        """Return the closed partner that an event belongs to; None if its partner is not closed."""
        if not self._list.is_closed(attributes):
            return None
        project = attributes.get("project")
        return attributes.get("partner") or next(
            name for name, entry in self.partners.items() if project in entry.projects
        )

    def has_people_on_hold(self, partner: str) -> bool:
        """Return whether any person of a partner is on hold."""
        return any(person.partner == partner for person in self._on_hold)

    def keeps(self, partner: str, data: bytes, attributes: Mapping[str, str]) -> bool:
        """Return whether the user of an event, or a speaker that the event names, is on hold.

        Args:
            partner: the partner that the event belongs to.
            data: the event as the sender wrote it.
            attributes: the attributes of the event's message. If they name no project, people on
                hold in all projects of the partner are searched for.
        """
        project = attributes.get("project")
        on_hold = {person.project for person in self._on_hold if person.partner == partner}
        projects = on_hold & {project} if project else on_hold
        if not projects:
            return False
        try:
            people = mentioned(data, parse_kind(attributes.get("kind", "")), self._layouts)
        except (BadMessage, ValueError):
            return False  # the event cannot be parsed, so it names no person
        return any(
            PersonOnHold(partner, project, key) in self._on_hold
            for user in (people.user_id, *people.speakers)
            if user is not None
            for project in projects
            for key in self._keys.all_user_keys(project, user)
        )


@dataclass(frozen=True, slots=True)
class PeopleOnHold:
    """Reads which people are on legal hold.

    Args:
        statements: runs the statements of ``sql/privacy``.
        keys: computes user keys.
        layouts: the layouts of the events in the catalogue.
    """

    statements: Statements
    keys: PseudonymKeys
    layouts: Layouts

    async def read(self, partners: Mapping[str, ClosedPartner], at: datetime) -> ClosedPartners:
        """Return these partners, with their people who were on legal hold at the time `at` (UTC).

        Raises:
            StatementFailed: the holds cannot be read.
        """
        rows = await self.statements.rows("find_people_on_hold", partners=sorted(partners), now=at)
        on_hold = [PersonOnHold(row["partner"], row["project"], row["user_key"]) for row in rows]
        return ClosedPartners(partners, on_hold, at, self.keys, self.layouts)
