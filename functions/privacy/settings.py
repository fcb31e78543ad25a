"""The privacy function's settings."""

from pathlib import Path

import msgspec

from functions.secrets.file import KEEP_SECONDS
from functions.warehouse.schema import RETENTION_DAYS


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, which `functions.web.environment.read` reads from environment variables.

    Attributes:
        cell: the name of this cell.
        gcp_project: the Google Cloud project.
        location: the cell's region, such as ``europe-west1``.
        partners_file: the file with the secret that lists the projects of each partner.
        callers_file: the file with the secret that lists the projects of each caller.
        closed_file: the file with the secret that lists closed partners. The function ignores
            deletions that users of closed partners make in the chat.
        closed_secret: the full name of the secret that lists closed partners,
            ``projects/p/secrets/s``. The function adds versions to this secret.
        secrets_endpoint: the endpoint of Secret Manager's REST API, ``https://host``.
        scheduler_account: the service account of the scheduler, which may only start the scheduled
            jobs.
        push_account: the service account that Pub/Sub uses to push messages about deletions in the
            chat.
        pseudonym_keys: the folder with a file for each version of the pseudonym key.
        pubsub_endpoint: the region's endpoint of Pub/Sub, ``https://host:port``.
        dead_letter_topic: the full name of the topic for dead letters, ``projects/p/topics/t``.
        dead_letter_subscription: the full name of the subscription to this topic,
            ``projects/p/subscriptions/s``.
        storage_endpoint: the region's endpoint of Cloud Storage, ``https://host``.
        bucket: the cell's bucket, with spill, quarantine and exports.
        bigquery_endpoint: the region's endpoint of BigQuery, ``https://host``.
        store_dataset: the full name of the dataset with the tables, ``projects/P/datasets/D``.
        bi_dataset: the full name of the dataset with the views, ``projects/P/datasets/D``.
        parts: the cell's resources that have a location, as JSON: the members ``topics``,
            ``secrets``, ``buckets`` and ``datasets`` of Terraform's output.
        gdpr: whether the cell must be in the European Union.
        retention_days: the number of days for which events are kept.
        statement_seconds: the time limit in seconds of one statement, including all retries.
        statement_bytes: an alert fires if BigQuery bills more bytes than this for one statement.
            The statement still runs, because the price must not stop an erasure. The default is
            50 TiB, about 310 dollars.
        reservation: the full name of a BigQuery reservation,
            ``projects/P/locations/L/reservations/R``. The first attempt of each statement that
            erases people from events runs in this reservation; all other attempts run at the
            on-demand price. Empty if there is no reservation.
        changes_at_a_time: the maximum number of statements that one instance runs at the same time
            to change tables. All instances of operate and privacy together may run at most 22 such
            statements: for each table, BigQuery runs 2 and queues 20.
        work_seconds: the number of seconds after which a request starts no more steps; the next
            sweep continues. This time plus the time for one step must be less than the function's
            time-out.
        closing_seconds: the number of seconds for which a partner's events may still be accepted
            after the partner was closed. Receive and load may use an older closed list for
            ``CLOSED_KEEP_SECONDS``, and then complete the requests that have begun.
        storage_deadline_seconds: the time limit in seconds of one request to the bucket, including
            retries.
        publish_deadline_seconds: the time limit in seconds of one request that publishes dead
            letters.
    """

    cell: str
    gcp_project: str
    location: str
    partners_file: Path
    callers_file: Path
    closed_file: Path
    closed_secret: str
    secrets_endpoint: str
    scheduler_account: str
    push_account: str
    pseudonym_keys: Path
    pubsub_endpoint: str
    dead_letter_topic: str
    dead_letter_subscription: str
    storage_endpoint: str
    bucket: str
    bigquery_endpoint: str
    store_dataset: str
    bi_dataset: str
    parts: str
    gdpr: bool
    retention_days: int = RETENTION_DAYS
    statement_seconds: float = 240.0
    statement_bytes: int = 50 * 2**40
    reservation: str = ""
    changes_at_a_time: int = 4
    work_seconds: float = 240.0
    closing_seconds: float = KEEP_SECONDS + 120
    storage_deadline_seconds: float = 10.0
    publish_deadline_seconds: float = 10.0
