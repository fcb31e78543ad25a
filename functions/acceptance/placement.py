"""Decides whether this cell accepts an event; each project is pinned to exactly one cell."""

import msgspec

from functions.acceptance import reasons
from functions.acceptance.body import ReceivedEvent
from functions.acceptance.partners import Partner
from functions.acceptance.reasons import Reason

MAX_EVENT_BYTES = 1_048_576
"""The default of a setting: the maximum size of one event, in bytes."""


class Placement(msgspec.Struct, frozen=True, gc=False):
    """The decision whether this cell accepts an event.

    Attributes:
        status: the HTTP status. 200: accepted. 400: not JSON. 413: too large. 421: the project is
            pinned to another cell. 422: the event is ambiguous or in the wrong place, the project
            is missing, unknown or ambiguous, or Pub/Sub refuses the event. 429: the event is
            refused, and not quarantined. 503: two partners claim the project.
        reason: the reason code of a refusal; empty if the event is accepted.
        project: the project of an accepted event; None if the event is refused, or is a test
            delivery without a project.
    """

    status: int
    reason: str
    project: str | None


def _refused(reason: Reason) -> Placement:
    return Placement(reason.status, reason.code, None)


ELSEWHERE = _refused(reasons.PROJECT_ELSEWHERE)
"""The refusal of an event whose project is pinned to another cell."""

DISPUTED = _refused(reasons.PROJECT_DISPUTED)
"""The refusal of an event whose project two partners claim. The operator has to correct this."""

NOT_PUBLISHABLE = _refused(reasons.NOT_PUBLISHABLE)
"""The refusal of an event of this cell that Pub/Sub will never accept."""

QUARANTINE_FULL = _refused(reasons.QUARANTINE_FULL)
"""The refusal of an event that is not quarantined, because the partner's quota is used up."""

_TEST = Placement(200, "", None)
_MISSING = _refused(reasons.PROJECT_MISSING)
_UNKNOWN = _refused(reasons.PROJECT_UNKNOWN)
_TOO_LARGE = _refused(reasons.EVENT_TOO_LARGE)
_FAULTS = {
    fault.code: _refused(fault)
    for fault in (
        reasons.NOT_JSON,
        reasons.EVENT_TOO_LARGE,
        reasons.EVENT_AMBIGUOUS,
        reasons.EVENT_MISPLACED,
        reasons.PROJECT_AMBIGUOUS,
    )
}


def place(event: ReceivedEvent, partner: Partner, cell: str, max_event_bytes: int) -> Placement:
    """Decide whether this cell accepts an event.

    Args:
        event: the event as received.
        partner: the record of the partner whose token the request has.
        cell: the name of this cell.
        max_event_bytes: the maximum size of one event in bytes.
    """
    is_too_large = len(event.data) > max_event_bytes
    if event.fault is not None:
        return _TOO_LARGE if is_too_large else _FAULTS[event.fault.code]
    project = event.project
    if project is None:
        if len(partner.projects) == 1:
            project = next(iter(partner.projects))
        elif is_too_large:
            return _TOO_LARGE
        else:
            return _TEST if event.is_test else _MISSING
    pinned_to = partner.projects.get(project)
    if pinned_to is None:
        return _TOO_LARGE if is_too_large else _UNKNOWN
    if pinned_to != cell:
        return ELSEWHERE if pinned_to else DISPUTED
    return _TOO_LARGE if is_too_large else Placement(200, "", project)
