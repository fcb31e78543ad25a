"""The privacy function's settings."""

from pathlib import Path

import msgspec

from functions.secrets.file import KEEP_SECONDS
from functions.warehouse.schema import RETENTION_DAYS


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, read from the environment by `functions.web.environment.read`.

    Attributes:
        cell: this cell's name, to which projects are pinned.
        gcp_project: the Google Cloud project.
        location: the cell's region, such as ``europe-west1``.
        partners_file: the file of the partners secret, with the projects of each partner.
        callers_file: the file of the secret that lists the projects of each caller.
        closed_file: the file of the secret with the closed list; deletions in the chat are ignored
            for these partners.
        closed_secret: the full name of the secret with the closed list, for writing to it:
            ``projects/p/secrets/s``.
        secrets_endpoint: the endpoint of Secret Manager's REST API, ``https://host``.
        scheduler_account: the service account of the scheduler, which may only start the scheduled
            jobs.
        push_account: the service account with which Pub/Sub pushes deletions in the chat.
        pseudonym_keys: the folder with a file for each version of the pseudonym key.
        pubsub_endpoint: the region's endpoint of Pub/Sub, ``https://host:port``.
        dead_letter_topic: the topic's full name, ``projects/p/topics/t``.
        dead_letter_subscription: the subscription's full name, ``projects/p/subscriptions/s``.
        storage_endpoint: the region's endpoint of Cloud Storage, ``https://host``.
        bucket: the cell's bucket, with spill, quarantine and exports.
        bigquery_endpoint: the region's endpoint of BigQuery, ``https://host``.
        store_dataset: the full name of the functions' dataset, ``projects/P/datasets/D``.
        bi_dataset: the full name of the views' dataset, ``projects/P/datasets/D``.
        parts: the parts of the cell that have a location, as JSON: the members ``topics``,
            ``secrets``, ``buckets`` and ``datasets`` of Terraform's output.
        gdpr: whether the cell must be in the European Union.
        retention_days: the days for which events are kept.
        statement_seconds: the time limit of a statement, including all its attempts.
        statement_bytes: the bytes above which a statement's bill raises an alert. The statement
            still runs, because an erasure must not fail on its price. The default is 50 TiB, about
            310 dollars.
        changes_at_a_time: the maximum number of concurrent changes of one instance. All instances
            of operate and privacy together may run at most 22: BigQuery runs 2 for each table and
            queues 20.
        work_seconds: the time after which a request starts no more steps; the next sweep continues.
            Together with one step, it must be below the function's time-out.
        closing_seconds: how long events of a partner may still be accepted after it is closed:
            receive and load use an old list for at most CLOSED_KEEP_SECONDS, and a request that has
            begun still ends.
        storage_deadline_seconds: the time limit of one request to the bucket, including retries.
        publish_deadline_seconds: the time limit of one publish of dead letters.
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
    changes_at_a_time: int = 4
    work_seconds: float = 240.0
    closing_seconds: float = KEEP_SECONDS + 120
    storage_deadline_seconds: float = 10.0
    publish_deadline_seconds: float = 10.0
