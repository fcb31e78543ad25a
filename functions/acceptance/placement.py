"""Where an event belongs: each project of a partner is pinned to exactly one cell."""

import msgspec

from functions.acceptance.body import ReceivedEvent
from functions.acceptance.partners import Partner

MAX_EVENT_BYTES = 1_048_576
"""The most that one event may have, where a function's settings say nothing else."""


class Placement(msgspec.Struct, frozen=True, gc=False):
    """What becomes of an event.

    Attributes:
        status: HTTP's: 200 accepted, 413 too large, 421 pinned to another cell, 422 unacceptable,
            503 not to be decided now.
        reason: a code for what was refused, empty for what was accepted.
        project: the partner's project; None for a test delivery that names none.
    """

    status: int
    reason: str
    project: str | None


ELSEWHERE = Placement(421, "project_elsewhere", None)
"""An event that nothing of is kept here."""

DISPUTED = Placement(503, "project_disputed", None)
"""An event of a project that two partners claim: nothing is kept until the secret is mended."""

NOT_PUBLISHABLE = Placement(422, "not_publishable", None)
"""An event that was placed, but that Pub/Sub will never take."""

REASONS = {
    "event_too_large": "the event is larger than one event may be",
    "not_publishable": "Pub/Sub refuses this event for its form",
    "project_disputed": "value.project is claimed by two partners; the operator has to mend that",
    "project_elsewhere": "value.project is pinned to another cell; send it to that cell's URL",
    "project_missing": "value.project is missing, and the partner has more than one project",
    "project_unknown": "value.project is not a project of this partner",
}


def place(event: ReceivedEvent, partner: Partner, cell: str, max_event_bytes: int) -> Placement:
    """Decide whether an event is accepted here.

    Args:
        event: as received.
        partner: whose token it was sent with.
        cell: this one.
        max_event_bytes: the most that one event may have.
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
