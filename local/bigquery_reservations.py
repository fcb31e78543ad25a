"""The reservations of the BigQuery stand-in, which a job may name to run in their slots.

BigQuery refuses a job if the name of its reservation is malformed, if the reservation does not
exist, or if it is in another location than the job. It also refuses the name ``none`` (on-demand
price), unless the project allows it. Google does not document the texts of these errors.

Source: https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfiguration (reservation),
https://cloud.google.com/bigquery/docs/reservations-assignments#override_a_reservation_on_a_query.
"""

import re
from collections.abc import Collection

from bqemulator.domain.errors import NotFoundError, ValidationError

FORM = re.compile(
    r"projects/[a-z][a-z0-9-]+/locations/(?P<location>[A-Za-z0-9-]+)"
    r"/reservations/[a-z](?:[a-z0-9-]{0,62}[a-z0-9])?"
)


def check(name: str, location: str, known: Collection[str]) -> None:
    """Check the reservation that a job names.

    Args:
        name: the full name, ``projects/P/locations/L/reservations/R``; empty for none.
        location: the location of the job.
        known: the full names of all reservations.

    Raises:
        ValidationError: the name is malformed, or names another location.
        NotFoundError: the reservation does not exist.
    """
    if not name:
        return
    form = FORM.fullmatch(name)
    if form is None:
        raise ValidationError(f"Invalid reservation: {name}")
    if form["location"] != location:
        raise ValidationError(f"The reservation {name} is not in {location}")
    if name not in known:
        raise NotFoundError(f"Not found: Reservation {name}")
