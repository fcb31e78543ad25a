"""The settings of the function `operate`."""

from pathlib import Path

import msgspec

from functions.acceptance.placement import MAX_EVENT_BYTES
from functions.warehouse.schema import RETENTION_DAYS


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, read from the environment by `functions.web.environment.read`.

    Attributes:
        cell: the name of this cell; projects that are pinned to other cells are refused.
        partners_file: the file with the partners secret, for replays of quarantined bodies.
        max_event_bytes: the maximum size of one event in bytes; a larger one stays in quarantine.
        gcp_project: the Google Cloud project.
        events_topic: the full name of the topic of events, ``projects/p/topics/t``.
        dead_letter_subscription: the full name of the subscription that has the dead letters,
            ``projects/p/subscriptions/s``.
        pubsub_endpoint: the regional endpoint of Pub/Sub, ``https://host:port``.
        storage_endpoint: the regional endpoint of Cloud Storage, ``https://host``.
        bucket: the cell's bucket, which has the spilled and quarantined objects.
        replay_seconds: the time after which a replay reads no further object and pulls no more dead
            letters; the next replay continues. This time must be below the time between two
            scheduled replays, the function's time-out, and the acknowledgement deadline of the
            dead-letter subscription.
        publish_deadline_seconds: the time limit of one publish. It is longer than in receive,
            because no sender is waiting.
        storage_deadline_seconds: the time limit of one request to the bucket, including retries.
        bigquery_endpoint: the regional endpoint of BigQuery, ``https://host``.
        location: the datasets' location, such as ``europe-west1``.
        store_dataset: the full name of the dataset with the tables, ``projects/P/datasets/D``.
        bi_dataset: the full name of the dataset with the views, ``projects/P/datasets/D``.
        settle_seconds: the time after which settling starts no more statements; the next run
            continues. This time plus `statement_seconds` must be below the function's time-out.
        refresh_seconds: the time after which a refresh starts no more statements; the next run
            continues. This time plus `statement_seconds` must be below the function's time-out.
        retention_days: the number of days for which events are kept; rollups of older days are not
            refreshed.
        statement_seconds: the time limit of a statement, including all its attempts.
        statement_bytes: the maximum bytes that one statement may bill; BigQuery refuses a statement
            that would bill more. The default is 50 TiB (about 310 dollars), more than a refresh
            reads if 10,000 million events arrive each month.
        changes_at_a_time: the maximum number of row-changing statements that one instance runs at
            the same time. All instances of operate and privacy together may run at most 22: for
            each table, BigQuery runs 2 such statements and queues 20.
    """

    cell: str
    partners_file: Path
    gcp_project: str
    events_topic: str
    dead_letter_subscription: str
    pubsub_endpoint: str
    storage_endpoint: str
    bucket: str
    bigquery_endpoint: str
    location: str
    store_dataset: str
    bi_dataset: str
    max_event_bytes: int = MAX_EVENT_BYTES
    retention_days: int = RETENTION_DAYS
    replay_seconds: float = 240.0
    publish_deadline_seconds: float = 10.0
    storage_deadline_seconds: float = 10.0
    settle_seconds: float = 240.0
    refresh_seconds: float = 240.0
    statement_seconds: float = 240.0
    statement_bytes: int = 50 * 2**40
    changes_at_a_time: int = 3
