"""Objects with events, without people who are covered, and without the unreadable.

Nobody can look for a person in what cannot be read. So it goes to the part of quarantine that the
bucket's lifecycle empties after a week, wherever it was found, and leaves the readable rest behind.
"""

from datetime import datetime

import msgspec

from functions.acceptance.values import NotJson
from functions.events.attributes import parse_kind, parse_time
from functions.events.body import BadMessage
from functions.privacy.erasures.quarantined_bodies import Refused, rewrite_refused
from functions.privacy.erasures.redaction import SET_ASIDE, Redaction, Rewritten
from functions.retained import quarantine, spill
from functions.retained.bodies import split
from functions.retained.quarantine import MALFORMED, Quarantined

PREFIXES = (spill.PREFIX, quarantine.PREFIX, quarantine.HELD)
"""Where events are in the bucket."""


def rewrite_spilled(
    name: str, content: bytes, written_at: datetime, redaction: Redaction
) -> Rewritten | None:
    """Rewrite an object of the spill, under its name; None where it stays as it is."""
    lines: list[bytes] = []
    damaged: list[bytes] = []
    apart: list[tuple[str, bytes]] = []
    taken: list[tuple[str, str]] = []
    for line in filter(bytes.strip, content.splitlines(keepends=True)):
        try:
            [event] = spill.decode(line)
        except ValueError:
            damaged.append(line)
            continue
        try:
            found = redaction.apply_to(event.data, event.attributes, written_at)
        except BadMessage as bad:
            apart.append(
                quarantine.of_message(
                    bad.reason, event.data, event.attributes, known_at=written_at, source=name
                )
            )
            taken += SET_ASIDE
            continue
        if found is None:
            lines.append(line.rstrip(b"\r\n") + b"\n")
            continue
        redacted, attributes = found
        taken += redacted.taken
        if redacted.data is not None:
            lines.append(spill.encode([spill.Spilled(redacted.data, attributes)]))
    if damaged:
        apart.append(_malformed(b"".join(damaged), written_at, name))
        taken += SET_ASIDE * len(damaged)
    if not taken:
        return None
    left = ((name, b"".join(lines)),) if lines else ()
    return Rewritten((*apart, *left), tuple(taken))


def rewrite_quarantined(
    name: str, content: bytes, written_at: datetime, redaction: Redaction
) -> Rewritten | None:
    """Rewrite an object of quarantine; None where it stays as it is.

    The names derive from the bodies.
    """
    try:
        record, body = quarantine.decode(content)
    except ValueError:
        return _apart(name, _malformed(content, written_at, name))
    try:
        if record.attributes is None:
            refused = _read_refused(record, body, written_at)
            return rewrite_refused(refused, redaction)
        found = redaction.apply_to(body, record.attributes, written_at)
    except BadMessage as bad:
        moved = msgspec.structs.replace(record, reason=bad.reason)
        return _apart(name, quarantine.to_object(moved, body))
    if found is None:
        return None
    redacted, attributes = found
    if redacted.data is None:
        return Rewritten((), redacted.taken)
    record = msgspec.structs.replace(record, attributes=attributes)
    return Rewritten((quarantine.renewed(record, redacted.data),), redacted.taken)


def _read_refused(record: Quarantined, body: bytes, written_at: datetime) -> Refused:
    try:
        kind = parse_kind(record.kind)
    except ValueError:
        raise BadMessage(MALFORMED) from None
    try:
        events = split(record, body)
    except NotJson:
        raise BadMessage("not_json") from None
    try:
        received_at = parse_time(record.received_at)
    except ValueError:
        received_at = written_at
    return Refused(record, quarantine.id_of_request(record, body), events, kind, received_at)


def _malformed(content: bytes, written_at: datetime, source: str) -> tuple[str, bytes]:
    return quarantine.of_message(MALFORMED, content, {}, known_at=written_at, source=source)


def _apart(name: str, unread: tuple[str, bytes]) -> Rewritten | None:
    """Move an object that nobody can read, unless it is where such are kept."""
    return None if quarantine.is_unreadable(name) else Rewritten((unread,), SET_ASIDE)
