"""Fills the row of an event: puts each property in the place that the event's layout names."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from msgspec.structs import asdict

from functions.events.coerce import MICROSECONDS, NotCoerced
from functions.events.findings import Finding
from functions.events.layout import Destination, Layout
from functions.events.names import letters, snake_case
from functions.events.user_agent import reduce_user_agent

MAX_FLAGS = 32
"""The maximum number of flags of a row. A hostile body can have a thousand unknown names."""

EARLIEST_SANE = 1_420_070_400 * MICROSECONDS
"""The earliest time that an event may have: 2015-01-01T00:00:00Z, in microseconds since 1970. The
sending product did not exist before that."""

MAX_AHEAD = 86_400 * MICROSECONDS
"""How far in the future an event's time may be: one day, in microseconds. Clocks differ, and some
senders send local time as UTC."""

_Found = tuple[bool, str, object, Destination]
"""A property that an event has: whether it was beside ``value`` (not in it), its name and its value
as sent, and its destination."""

LONGEST_LISTED = 64
"""A text with more characters than this is not compared with the spellings of allowed values."""

_TELLING_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Draft:
    """The row of an event, while properties are added to it.

    Attributes:
        columns: the values for columns of the row itself, by column.
        record: the values for the fields of the ``properties`` or the ``room`` record, by field.
        extra: the values that have no column or do not fit their column, by name.
        flags: findings about properties; a flag has the property's name, but never its value.
        user_id: the user id, as text; None if the event has none.
        nickname: the nickname as sent; None if the event has none.
        speakers: the user ids of the room's speakers; None if the event does not say who they are.

    Args:
        received_at: when the event was received, in microseconds since 1970.
        project: the project for which the event was accepted; None for a test delivery without a
            project.
    """

    __slots__ = (
        "_project",
        "_received_at",
        "_seen",
        "columns",
        "extra",
        "flags",
        "nickname",
        "record",
        "speakers",
        "user_id",
    )

    def __init__(self, received_at: int, project: str | None) -> None:
        self._received_at = received_at
        self._project = project
        self._seen: set[str] = set()
        self.columns: dict[str, object] = {}
        self.record: dict[str, object] = {}
        self.extra: dict[str, object] = {}
        self.flags: list[str] = []
        self.user_id: str | None = None
        self.nickname: str | None = None
        self.speakers: list[str] | None = None

    def fill(
        self,
        value: Mapping[str, object],
        layout: Layout,
        beside: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """Add the properties of an event to this draft.

        If the event has a property under several names, the first value that can be read is stored.
        Names in ``value`` come before names beside ``value``; within each place,
        `Layout.precedence` gives the order. The other values go to `extra`; those of a personal or
        reduced property are dropped.

        Args:
            value: the members of ``value``, decoded from JSON, by the sender's names.
            layout: the layout of the event.
            beside: the other members of the body, which are beside ``event`` and ``value``.
        """
        known: list[_Found] = []
        names: set[str] = set()
        destinations = layout.destinations
        for is_beside, members in ((False, value), (True, beside)):
            for name, member in members.items():
                destination = destinations.get(name) or layout.find(name)
                if is_beside and name in value and value[name] == member:
                    continue  # ``value`` has the same member, which is stored
                if destination is None:
                    self._keep_unknown(name, member)
                elif member is not None and destination.target != "nowhere":
                    known.append((is_beside, name, member, destination))
                    names.add(destination.name)
        if layout.is_numbered:
            known = _join_parts(known, layout)
        if len(names) < len(known) or layout.is_shared:
            known.sort(key=lambda member: (member[0], layout.precedence(member[1])))
        for _, name, member, destination in known:
            self._add(name, member, destination)

    def note_unnamed(self) -> None:
        """Add the flag ``unnamed:event``: the event has no usable name."""
        self._flag("unnamed", "event")

    def note_too_many(self, name: str) -> None:
        """Add the flag ``too_many``: the list with this name has more people than are stored."""
        self._flag("too_many", name)

    def _keep_unknown(self, sent_name: str, value: object) -> None:
        name = snake_case(sent_name)
        self._flag("unknown", name if _TELLING_NAME.fullmatch(name) else "*")
        self.extra.setdefault(sent_name, value)

    def _add(self, sent_name: str, value: object, destination: Destination) -> None:
        try:
            typed = destination.coerce(value)
        except NotCoerced as refused:
            typed = self._guess(sent_name, value, destination, refused.finding)
        if typed is None:
            return
        if destination.name in self._seen:
            self._refuse("duplicate", destination, sent_name, value)
            return
        self._seen.add(destination.name)
        if destination.allowed:
            typed = self._listed(destination, typed)
        if destination.target == "column":
            self.columns[destination.column] = typed
        elif destination.target == "record":
            self.record[destination.column] = typed
        else:
            self._store_special(destination, value, typed)

    def _guess(
        self, sent_name: str, value: object, destination: Destination, finding: Finding
    ) -> object:
        """Guess a value that `coerce` refused; return None if it cannot be guessed.

        A value that cannot be guessed goes to the second property that the sent name may mean
        (`Destination.otherwise`). If the name means only one property, the value is refused.
        """
        if destination.guess is not None:
            try:
                typed, findings = destination.guess(value)
            except NotCoerced as refused:
                finding = refused.finding
            else:
                for found in findings:
                    self._flag(found, destination.name)
                return typed
        if destination.otherwise is not None:
            self._add(sent_name, value, destination.otherwise)
        else:
            self._refuse(finding, destination, destination.name, value)
        return None

    def _store_special(self, destination: Destination, value: object, typed: object) -> None:
        match destination.target:
            case "user_id":
                self.user_id = str(typed)
            case "nickname":
                self.nickname = str(typed)
            case "speakers" if isinstance(typed, list):
                self.speakers = typed
            case "user_agent":
                self.columns |= asdict(reduce_user_agent(str(typed)))
            case "occurred_at":
                self._store_occurred_at(destination, value, typed)
            case "project" if typed != self._project:
                # The event names another project than the one for which it was accepted. The row's
                # column has the accepted project, so the named project goes to `extra`.
                self.extra[destination.name] = value

    def _store_occurred_at(self, destination: Destination, value: object, typed: object) -> None:
        latest = self._received_at + MAX_AHEAD
        if isinstance(typed, int) and EARLIEST_SANE <= typed <= latest:
            self.columns[destination.column] = typed
        else:
            self._refuse("not_sane", destination, destination.name, value)

    def _listed(self, destination: Destination, typed: object) -> object:
        """Return an allowed value in the catalogue's spelling; keep and flag any other value."""
        if isinstance(typed, list):
            return [self._listed(destination, element) for element in typed]
        if typed in destination.allowed:
            return typed
        if isinstance(typed, str) and len(typed) <= LONGEST_LISTED:
            listed = destination.spellings.get(letters(typed))
            if listed is not None:
                return listed
        self._flag("out_of_list", destination.name)
        return typed

    def _refuse(self, finding: Finding, destination: Destination, name: str, value: object) -> None:
        self._flag(finding, destination.name)
        if not destination.private:
            self.extra.setdefault(name, value)

    def _flag(self, finding: Finding, name: str) -> None:
        flag = f"{finding}:{name}"
        if len(self.flags) < MAX_FLAGS and flag not in self.flags:
            self.flags.append(flag)


def _join_parts(known: list[_Found], layout: Layout) -> list[_Found]:
    """Join the parts of a property, such as ``answer_1`` and ``answer_2``, to one list.

    If the lowest number is 2, the member without a number, such as ``answer``, is the first part.
    """
    parts: dict[tuple[bool, str], list[tuple[int, str, _Found]]] = {}
    joined: list[_Found] = []
    for found in known:
        part = layout.part(found[1])
        if part is None:
            joined.append(found)
        else:
            parts.setdefault((found[0], part[0]), []).append((part[1], found[1], found))
    for place, numbered in parts.items():
        numbered.sort(key=lambda part: part[:2])
        if numbered[0][0] == 2:
            bare: list[_Found] = []
            others: list[_Found] = []
            for found in joined:
                is_bare = (found[0], snake_case(found[1])) == place
                (bare if is_bare else others).append(found)
            joined = others
            numbered[:0] = [(1, found[1], found) for found in bare]
        members: list[object] = []
        for _, _, (_, _, member, _) in numbered:
            members += member if isinstance(member, list) else [member]
        is_beside, name, _, destination = numbered[0][2]
        joined.append((is_beside, name, members, destination))
    return joined
