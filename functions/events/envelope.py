"""Opens the envelope of a webhook's body: separates the event's name from its properties.

The sending product documents one form, ``{"event": "name", "value": {...}}``. It does not document
the bodies of its room webhooks and of its Test button. So this module also accepts properties
beside ``event``, and any spelling of a name. The documented name takes precedence over other
spellings. The order of the members never matters.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from functions.events.coerce import NotCoerced, to_id
from functions.events.names import is_member, letters, load_names, may_be_known, snake_case


class Envelope(msgspec.Struct, frozen=True):
    """The body of a webhook, split into the event's name and its properties.

    Attributes:
        event: the event's name as sent; None if the body has no usable name.
        value: the members of ``value``.
        beside: all other members of the body. A ``value`` that is not an object is among them. A
            blank ``event`` is left out.
        event_at: the body's spelling of ``event``; None if the body has no usable name.
        value_at: the body's spelling of ``value``; None if the body has no ``value`` that is an
            object.
        likely: the names of the body's members for which `functions.events.names.may_be_known` is
            true.
    """

    event: str | None
    value: Mapping[str, object]
    beside: Mapping[str, object]
    event_at: str | None = None
    value_at: str | None = None
    likely: Sequence[str] = ()

    def project(self) -> str | None:
        """Return the project that the body names, as text.

        If several members name a project, the first that is not blank counts. Members of ``value``
        come before members beside it, and the documented spelling comes before others. A whole
        number becomes its digits.

        Returns:
            None if the body has no project; the empty text if the member cannot be a project's
            name, such as a list.
        """
        known = load_names().project
        likely = [name for name in self.likely if name in self.beside]
        for members, names in ((self.value, None), (self.beside, likely)):
            for name in spellings(members, known, names):
                if not is_blank(members[name]):
                    return project_text(members[name])
        return None

    def is_event(self) -> bool:
        """Return whether the body has an event name, ``value`` or a property of the catalogue."""
        if self.event is not None or self.value_at is not None:
            return True
        return any(map(is_part, self.likely))


def open_envelope(body: object) -> Envelope:
    """Split a body into the event's name and its properties.

    Args:
        body: the body, decoded from JSON. If it is not an object, it becomes the member ``body`` of
            `Envelope.beside`.
    """
    if not isinstance(body, dict):
        return Envelope(None, {}, {"body": body})
    if len(body) == 2 and is_name(body.get("event")) and isinstance(body.get("value"), dict):
        return Envelope(body["event"], body["value"], {}, "event", "value", ("event", "value"))
    likely = [member for member in body if may_be_known(member)]
    names, values = named(likely, "event"), named(likely, "value")
    event_at = next((at for at in names if is_name(body[at])), None)
    value_at = next((at for at in values if isinstance(body[at], dict)), None)
    apart = {event_at, value_at, *(at for at in names if is_blank(body[at]))}
    return Envelope(
        event=None if event_at is None else body[event_at],
        value={} if value_at is None else body[value_at],
        beside={name: member for name, member in body.items() if name not in apart},
        event_at=event_at,
        value_at=value_at,
        likely=likely,
    )


def named(members: Iterable[str], name: str) -> list[str]:
    """Return the members that spell a name in any case; the name itself comes first."""
    return sorted(
        (member for member in members if letters(member) == name),
        key=lambda member: (member != name, member),
    )


def spellings(
    members: Mapping[str, object], names: tuple[str, ...], likely: Sequence[str] | None = None
) -> Iterator[str]:
    """Yield the names of members that are spellings of the given names.

    For example, ``userId`` and ``User-Id`` are spellings of ``user_id``. The result has the order
    of the given names. The order of the members makes no difference.

    Args:
        members: the members of a body.
        names: names in snake_case, the most important first.
        likely: the names of the members for which `may_be_known` is true; None if the caller does
            not know them.
    """
    for name in names:
        if name in members:
            yield name
        if likely is None:
            likely = [member for member in members if may_be_known(member)]
        yield from sorted(
            member for member in likely if member != name and snake_case(member) == name
        )


def is_part(name: str) -> bool:
    """Return whether a member with this name is ``value`` or a property of a known event."""
    return is_member(name) or letters(name) == "value"


def is_name(member: object) -> bool:
    """Return whether a member can be an event's name: a text that is not blank."""
    return isinstance(member, str) and bool(member.strip())


def is_blank(member: object) -> bool:
    """Return whether a member is null, or a text that is empty or only white space."""
    return member is None or (isinstance(member, str) and not member.strip())


def project_text(member: object) -> str:
    """Convert a value that is not blank to a project's name; empty if it cannot be a name."""
    try:
        return (to_id(member) or "").strip()
    except NotCoerced:
        return ""
