"""Checks that events become rows: sends two events, and waits for their rows in the BI views."""

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter
from google.cloud.bigquery.retry import DEFAULT_RETRY

from verify.deployment import Cell
from verify.finding import Finding
from verify.webhooks import EVENT, NotAccepted, Signed, send, sender

QUERY_SECONDS = 30
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0)
"""The pauses in seconds between queries for a row; the last pause is repeated."""


class Sent(NamedTuple):
    """An event that `receive` accepted.

    Attributes:
        what: a description of the event, for people.
        view: the BI view in which the event must appear.
        ingest_id: the ingest id in the response.
    """

    what: str
    view: str
    ingest_id: str


def check_rows(
    http: httpx.Client,
    bigquery: Any,
    cell: Cell,
    within: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Finding]:
    """Send a press of the Test button and a tagged event, and wait for their rows.

    Args:
        http: sends webhooks.
        bigquery: a `google.cloud.bigquery.Client`.
        cell: the cell that gets the events.
        within: the seconds after which both rows must be in the views.
        sleep: waits for a number of seconds.
    """
    check = "an event becomes a row"
    from_whom = sender(cell)
    if from_whom is None:
        detail = "no partner's token is known: give one with --tokens"
        yield Finding(cell.name, check, "any event", "not checked", detail)
        return
    partner, project, url = from_whom
    tag = f"verify-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    tagged = {"event": EVENT, "value": {"project": project, "event_id": tag}}
    until = time.monotonic() + within
    for what, view, body in (
        ("Test event", "test_deliveries", {"verify": tag}),
        (f"tagged event ({tag})", "events", tagged),
    ):
        try:
            event = Sent(what, view, send(http, url, dict(body)))
        except NotAccepted as error:
            yield Finding(cell.name, check, what, "fails", str(error))
        except Signed:
            detail = f"the webhooks of {partner} are signed: press the Test button instead"
            yield Finding(cell.name, check, what, "not checked", detail)
        else:
            yield _await(bigquery, cell, event, until, sleep)._replace(check=check)


def _await(
    bigquery: Any, cell: Cell, event: Sent, until: float, sleep: Callable[[float], None]
) -> Finding:
    finding = Finding(cell.name, "", event.what, "holds")
    begun = time.monotonic()
    looks = 0
    while True:
        try:
            if _is_there(bigquery, cell, event):
                seconds = round(time.monotonic() - begun, 1)
                detail = f"in {event.view} after {seconds} s"
                return finding._replace(detail=detail, figures={"seconds": seconds})
        except (GoogleAPIError, GoogleAuthError, OSError) as error:
            detail = f"accepted, but {event.view} cannot be queried: {type(error).__name__}"
            return finding._replace(state="not checked", detail=detail)
        pause = PAUSES[min(looks, len(PAUSES) - 1)]
        if time.monotonic() + pause > until:
            detail = f"accepted, but not in {event.view} after {time.monotonic() - begun:.0f} s"
            return finding._replace(state="fails", detail=detail)
        sleep(pause)
        looks += 1


def _is_there(bigquery: Any, cell: Cell, event: Sent) -> bool:
    job = bigquery.query(
        f"SELECT COUNT(*) FROM `{cell.project_id}.{cell.datasets.bi}.{event.view}` "  # noqa: S608 - names of Terraform's own
        "WHERE received_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY) "
        "AND ingest_id = @ingest_id",
        job_config=QueryJobConfig(
            query_parameters=[ScalarQueryParameter("ingest_id", "STRING", event.ingest_id)],
            use_query_cache=False,
        ),
        retry=DEFAULT_RETRY.with_timeout(QUERY_SECONDS),
        job_retry=None,
        timeout=QUERY_SECONDS,
    )
    [(count,)] = job.result(job_retry=None, timeout=QUERY_SECONDS)
    return bool(count == 1)
