"""The certificate of an offboarding: the data that was deleted, and the data that remains."""

from datetime import datetime

from functions.privacy.offboarding.deletion import PartnerCounts
from functions.privacy.offboarding.record import Certificate, Record, nonzero
from functions.privacy.periods import (
    DEAD_LETTERS,
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
    "Check that this apply removes the partner's dataset, readers, viewers and push subscriptions.",
    "Delete earlier versions of a remote Terraform state: they still contain the partner's tokens.",
    "Take the partner's people out of `callers` of the privacy function.",
    "Delete the copies outside the cell: extracts of BI tools, exports that were handed over.",
)
"""The steps that operators must take after all data is deleted, because the functions lack the
permissions for these steps."""

TO_DO_WHILE_ON_HOLD = (
    "Leave the partner in `partners` until its legal holds are over in every cell.",
    "Release or prolong holds before you take the partner out: later, each ends at its `until`.",
    TO_DO[-1],
)
"""The steps that operators must take while a legal hold keeps data of the partner."""


def certify(
    partner: str,
    entry: ClosedPartner,
    record: Record,
    counts: PartnerCounts,
    at: datetime,
) -> Certificate:
    """Return the certificate of an offboarding. It names the partner and projects, but no person.

    Args:
        partner: the name of the partner.
        entry: the partner's entry in the closed list.
        record: the contents of the offboarding's receipts so far.
        counts: the counts of the last search, which found nothing to delete.
        at: when that search began (timezone-aware).
    """
    gone = at + TIME_TRAVEL
    delivered = entry.closed_at + SUBSCRIPTION
    remains = [
        _remaining("deleted rows, readable by time travel", "BigQuery", gone),
        _remaining(
            "deleted rows, for Google's support only (fail-safe)", "BigQuery", gone + FAIL_SAFE
        ),
        _remaining("undelivered events; load drops them", "Pub/Sub", delivered),
        _remaining(
            "events that could not be delivered", "Pub/Sub, dead letters", delivered + DEAD_LETTERS
        ),
        _remaining("unreadable bodies of unknown partners", "quarantine", at + UNREADABLE),
        _remaining(
            "the partner's name and counts (unless logs are kept longer)", "logs", at + LOGGED
        ),
        _remaining(
            "events accepted before all instances saw the closing; sweeps delete them",
            "BigQuery",
            entry.closed_at + SECRET_SEEN,
        ),
        _remaining("receipts: the partner's name, dates and counts", "receipts_v1", None),
        _remaining(
            "names of partner and projects", "closed list, so that the partner stays closed", None
        ),
        _remaining(
            "names of partner and projects; the cell's pseudonym keys", "Terraform, secrets", None
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


def _remaining(what: str, where: str, until: datetime | None) -> dict[str, str | None]:
    return {"what": what, "where": where, "until": until.isoformat() if until else None}
