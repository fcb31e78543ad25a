"""The reservations of the BigQuery stand-in, which a job may name to run in their slots.

The service refuses a job that names a reservation which does not exist, or which is not in the
location of the job, and a name of another form. It also refuses ``none``, the on-demand price,
unless the project allows it. How it words these refusals is not documented.

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
        known: the full names of the reservations.

    Raises:
        ValidationError: the name has another form, or names another location.
        NotFoundError: there is no such reservation.
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
