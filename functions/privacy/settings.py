"""The privacy function's settings."""

from pathlib import Path

import msgspec

from functions.secrets.file import KEEP_SECONDS
from functions.warehouse.schema import RETENTION_DAYS


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Read from the environment by `functions.web.environment.read`.

    Attributes:
        cell: this cell's name, as projects are pinned to.
        gcp_project: the Google Cloud project.
        location: the cell's region, such as ``europe-west1``.
        partners_file: the secret with the partners' projects.
        callers_file: the secret that says whose matter which projects are.
        closed_file: the secret with the closed partners; their deletions in the chat are not
            heard any more.
        closed_secret: the same, where it is written: ``projects/p/secrets/s``.
        secrets_endpoint: of Secret Manager's REST API, ``https://host``.
        scheduler_account: the service account that may have what is due executed, and nothing else.
        push_account: the service account whose pushes tell of deletions in the chat.
        pseudonym_keys: the folder of the keys of user keys.
        pubsub_endpoint: the region's, ``https://host:port``.
        dead_letter_topic: ``projects/p/topics/t``.
        dead_letter_subscription: ``projects/p/subscriptions/s``.
        storage_endpoint: the region's, ``https://host``.
        bucket: the cell's, with spill, quarantine and exports.
        bigquery_endpoint: the region's, ``https://host``.
        store_dataset: ``projects/P/datasets/D``.
        bi_dataset: the same for the views.
        parts: what the cell has that has a location, as JSON: the members ``topics``, ``secrets``,
            ``buckets`` and ``datasets`` of Terraform's output.
        gdpr: whether the cell is promised to be in the European Union.
        retention_days: days for which events are kept.
        statement_seconds: how long a statement may take, all its attempts together.
        statement_bytes: bytes above which a statement's bill raises an alert. It is never refused:
            an erasure that is due does not wait for its price. The default is 50 TiB, about 310
            dollars.
        changes_at_a_time: how many statements that change rows one instance runs at a time. Those
            of all instances of operate and privacy together are at most 22: BigQuery runs 2 for a
            table and queues 20.
        work_seconds: how long a request begins further steps; what remains is left to the next
            sweep. With one step more, less than the function's time-out.
        closing_seconds: how long after a partner is closed its events may still be taken in:
            receive and load use an older list for CLOSED_KEEP_SECONDS at most, and then a request
            takes its time.
        storage_deadline_seconds: how long one request to the bucket may take, repeated or not.
        publish_deadline_seconds: how long one publish of dead letters may take.
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
