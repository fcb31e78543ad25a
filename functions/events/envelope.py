"""The envelope of a webhook: which part of a body is the event's name, and which its properties.

The sending product documents one shape, ``{"event": "name", "value": {...}}``, but not the bodies
of its room webhooks or of its Test button. So properties are also accepted beside ``event``, and
every name in any spelling. What the parts mean never depends on the order of the members.
"""

from collections.abc import Iterator, Mapping

import msgspec

from functions.events.names import is_member, load_names, snake_case


class Envelope(msgspec.Struct, frozen=True):
    """A decoded webhook body.

    Attributes:
        event: the sender's name of the event; None if the body has no usable one.
        value: the members of ``value``.
        beside: the members beside ``event`` and ``value``, and what stands in their place but is
            no name and no object. A blank name is left out.
        event_at: the member that the name is under; None if there is none.
        value_at: the member that ``value`` is under; None if there is none.
    """

    event: str | None
    value: Mapping[str, object]
    beside: Mapping[str, object]
    event_at: str | None = None
    value_at: str | None = None

    def project(self) -> str | None:
        """Return the project that the body names, as text.

        The first member counts that is not blank: those of ``value`` before those beside it, the
        documented spelling before others. A number counts as its digits.

        Returns:
            None if the body names no project; the empty text if it names something that cannot be
            a project, such as a list.
        """
        known = load_names().project
        for members in (self.value, self.beside):
            for name in spellings(members, known):
                if not is_blank(members[name]):
                    return project_text(members[name])
        return None

    def is_test(self) -> bool:
        """Say whether nothing in the body is of an event: the product's Test button was pressed."""
        if self.event is not None or self.value_at is not None:
            return False
        return not any(is_member(name) for name in self.beside)


def open_envelope(body: object) -> Envelope:
    """Tell the event's name from its properties.

    Args:
        body: as decoded from JSON.
    """
    if not isinstance(body, dict):
        return Envelope(None, {}, {"body": body})
    names = list(spellings(body, ("event",)))
    values = list(spellings(body, ("value",)))
    event_at = next((at for at in names if is_name(body[at])), None)
    value_at = next((at for at in values if isinstance(body[at], dict)), None)
    apart = {event_at, value_at, *(at for at in names if is_blank(body[at]))}
    return Envelope(
        event=None if event_at is None else body[event_at],
        value={} if value_at is None else body[value_at],
        beside={name: member for name, member in body.items() if name not in apart},
        event_at=event_at,
        value_at=value_at,
    )


def spellings(members: Mapping[str, object], names: tuple[str, ...]) -> Iterator[str]:
    """Yield the members that have one of these names, in an order of their own.

    Args:
        members: of a body.
        names: in snake_case, the most important first.
    """
    for name in names:
        if name in members:
            yield name
        yield from sorted(
            member for member in members if member != name and snake_case(member) == name
        )


def is_name(member: object) -> bool:
    """Say whether a member can be an event's name."""
    return isinstance(member, str) and bool(member.strip())


def is_blank(member: object) -> bool:
    """Say whether a member says nothing: null, or a text of nothing but white space."""
    return member is None or (isinstance(member, str) and not member.strip())


def project_text(member: object) -> str:
    """Return a member that is not blank as the name of a project; empty if it cannot be one."""
    if isinstance(member, str):
        return member.strip()
    if isinstance(member, int) and not isinstance(member, bool):
        return str(member)
    return ""
