"""The operate function's settings."""

import msgspec

from functions.warehouse import RETENTION_DAYS


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Read from the environment by `functions.settings.read`.

    Attributes:
        gcp_project: the Google Cloud project.
        events_topic: ``projects/p/topics/t``.
        pubsub_endpoint: the region's, ``https://host:port``.
        storage_endpoint: the region's, ``https://host``.
        bucket: the cell's, with spill and quarantine.
        replay_seconds: how long one replay begins further objects; what remains is left to the
            next. Less than the schedule's interval and than the function's time-out.
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
        statement_seconds: how long one attempt of a statement may take.
    """

    gcp_project: str
    events_topic: str
    pubsub_endpoint: str
    storage_endpoint: str
    bucket: str
    bigquery_endpoint: str
    location: str
    store_dataset: str
    bi_dataset: str
    retention_days: int = RETENTION_DAYS
    replay_seconds: float = 240.0
    publish_deadline_seconds: float = 10.0
    storage_deadline_seconds: float = 10.0
    settle_seconds: float = 240.0
    refresh_seconds: float = 240.0
    statement_seconds: float = 240.0
