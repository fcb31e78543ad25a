"""The certificate that an offboarding ends with: what was deleted, and what is left until when."""

from datetime import datetime

from functions.privacy.offboarding.deletion import PartnerCounts
from functions.privacy.offboarding.record import Certificate, Record, nonzero
from functions.privacy.periods import (
    DEAD_LETTERS,
    EXPORTED,
    FAIL_SAFE,
    LOGGED,
    SECRET_SEEN,
    SUBSCRIPTION,
    TIME_TRAVEL,
    UNREADABLE,
)
from functions.secrets.closed_partners import ClosedPartner

TO_DO = (
    "Take the partner out of `partners` and apply: its tokens leave the Terraform state.",
    "See that the same apply removes its dataset, readers, viewers and push subscriptions.",
    "Delete earlier versions of a remote Terraform state: they have the tokens, which are closed.",
    "Take the partner's people out of `callers` of the privacy function.",
    "Delete what was taken out of the cell: extracts of BI tools, exports that were handed over.",
)
"""What no function of a cell may do."""

TO_DO_WHILE_ON_HOLD = (
    "Leave the partner in `partners` until its legal holds are over in every cell.",
    "Release or prolong them while it is there: without it they end at their `until`.",
    TO_DO[-1],
)
"""The same as long as a legal hold keeps something."""


def certify(
    partner: str,
    entry: ClosedPartner,
    record: Record,
    counts: PartnerCounts,
    at: datetime,
) -> Certificate:
    """Return the certificate; it names nobody but the partner.

    Args:
        partner: its name.
        entry: of the closed list.
        record: what was noted until now.
        counts: of the last look, in which there was nothing to delete.
        at: when that look began, with an offset.
    """
    gone = at + TIME_TRAVEL
    delivered = entry.closed_at + SUBSCRIPTION
    remains = [
        _left("deleted rows, readable by time travel", "BigQuery", gone),
        _left("deleted rows, to Google's support only (fail-safe)", "BigQuery", gone + FAIL_SAFE),
        _left("events on their way, dropped when they are delivered", "Pub/Sub", delivered),
        _left("events that Pub/Sub gave up", "Pub/Sub, dead letters", delivered + DEAD_LETTERS),
        _left(
            "what nobody can read, so that nobody knows whose it is", "quarantine", at + UNREADABLE
        ),
        _left("the partner's name and counts (unless logs are kept longer)", "logs", at + LOGGED),
        _left(
            "events taken in where the closing was not seen at once; sweeps delete them",
            "BigQuery",
            entry.closed_at + SECRET_SEEN,
        ),
        *_exports(entry),
        _left("receipts: the partner's name, dates and counts", "receipts_v1", None),
        _left("names of partner and projects", "closed list, so that it stays closed", None),
        _left(
            "names and the pseudonymisation key, which is the cell's", "Terraform, secrets", None
        ),
    ]
    return {
        "partner": partner,
        "projects": list(entry.projects),
        "closed_at": entry.closed_at.isoformat(),
        "deleted_at": at.isoformat(),
        "total": nonzero(record.total),
        "counted_all": record.counted_all,
        "deleted": nonzero(record.deleted),
        "on_hold": nonzero(counts.on_hold),
        "remains": remains,
        "to_do": list(TO_DO_WHILE_ON_HOLD if +counts.on_hold else TO_DO),
    }


def _exports(entry: ClosedPartner) -> list[dict[str, str | None]]:
    """Tell of exports, which are found by their project: of none where no project was known."""
    if entry.projects:
        return []
    return [_left("exports of the day before", "exports/", entry.closed_at + EXPORTED)]


def _left(what: str, where: str, until: datetime | None) -> dict[str, str | None]:
    return {"what": what, "where": where, "until": until.isoformat() if until else None}
