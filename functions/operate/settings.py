"""The operate function's settings."""

from pathlib import Path

import msgspec

from functions.acceptance.placement import MAX_EVENT_BYTES
from functions.warehouse.schema import RETENTION_DAYS


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Read from the environment by `functions.web.environment.read`.

    Attributes:
        cell: this cell's name, as projects are pinned to.
        partners_file: the secret with the partners' projects; a replay of quarantine asks it.
        max_event_bytes: the most that one event may have; a larger one stays in quarantine.
        gcp_project: the Google Cloud project.
        events_topic: ``projects/p/topics/t``.
        dead_letter_subscription: ``projects/p/subscriptions/s``.
        pubsub_endpoint: the region's, ``https://host:port``.
        storage_endpoint: the region's, ``https://host``.
        bucket: the cell's, with spill and quarantine.
        replay_seconds: how long one replay begins further objects, or pulls further dead letters;
            what remains is left to the next. Less than the schedule's interval, than the function's
            time-out, and than the dead-letter subscription's acknowledgement deadline.
        publish_deadline_seconds: how long one publish may take; longer than the receiver's, for
            nobody waits.
        storage_deadline_seconds: how long one request to the bucket may take, repeated or not.
        bigquery_endpoint: the region's, ``https://host``.
        location: the datasets' location, such as ``europe-west1``.
        store_dataset: ``projects/P/datasets/D``.
        bi_dataset: the same for the views.
        settle_seconds: how long settling begins further statements; the next run does what
            remains. With one statement more, less than the function's time-out.
        refresh_seconds: the same for refreshing.
        retention_days: days for which events are kept; their rollups are refreshed no longer.
        statement_seconds: how long a statement may take, all its attempts together.
        statement_bytes: the most bytes that one statement may bill; BigQuery refuses one that would
            bill more. The default is 50 TiB, about 310 dollars: more than a refresh of 10,000
            million events a month.
        changes_at_a_time: how many statements that change rows one instance runs at a time. Those
            of all instances of operate and privacy together are at most 22: BigQuery runs 2 for a
            table and queues 20.
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
