"""Decides whether an event is accepted in this cell: each project is pinned to exactly one cell."""

import msgspec

from functions.acceptance.body import ReceivedEvent
from functions.acceptance.partners import Partner

MAX_EVENT_BYTES = 1_048_576
"""The maximum size of one event in bytes; the default of the settings."""


class Placement(msgspec.Struct, frozen=True, gc=False):
    """The decision about an event.

    Attributes:
        status: the HTTP status: 200 accepted, 413 too large, 421 pinned to another cell, 422
            unacceptable, 503 cannot be decided now.
        reason: the reason code of a refusal; empty if the event is accepted.
        project: the event's project; None for a test delivery without a project.
    """

    status: int
    reason: str
    project: str | None


ELSEWHERE = Placement(421, "project_elsewhere", None)
"""The event is pinned to another cell; this cell stores nothing of it."""

DISPUTED = Placement(503, "project_disputed", None)
"""Two partners claim the event's project; nothing is stored until the secret is corrected."""

NOT_PUBLISHABLE = Placement(422, "not_publishable", None)
"""The event was accepted, but Pub/Sub will never take it."""

REASONS = {
    "event_too_large": "the event is larger than the limit for one event",
    "not_publishable": "Pub/Sub refuses the form of this event",
    "project_disputed": "two partners claim value.project; the operator has to correct that",
    "project_elsewhere": "value.project is pinned to another cell; send it to that cell's URL",
    "project_missing": "value.project is missing, and the partner has more than one project",
    "project_unknown": "value.project is not a project of this partner",
}


def place(event: ReceivedEvent, partner: Partner, cell: str, max_event_bytes: int) -> Placement:
    """Decide whether an event is accepted here.

    Args:
        event: the event as received.
        partner: the record of the partner whose token the request has.
        cell: the name of this cell.
        max_event_bytes: the maximum size of one event in bytes.
    """
    project = event.project
    if project is None:
        if len(partner.projects) == 1:
            project = next(iter(partner.projects))
        elif event.is_test:
            return Placement(200, "", None)
        else:
            return Placement(422, "project_missing", None)
    pinned_to = partner.projects.get(project)
    if pinned_to is None:
        return Placement(422, "project_unknown", None)
    if pinned_to != cell:
        return ELSEWHERE if pinned_to else DISPUTED
    if len(event.data) > max_event_bytes:
        return Placement(413, "event_too_large", None)
    return Placement(200, "", project)
