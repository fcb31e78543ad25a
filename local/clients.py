"""Google's client libraries, configured to call the embedded cell."""

import grpc
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.cloud.storage import Client as StorageClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from local.cell import LOCATION, PROJECT, Cell

ONCE = Retry(predicate=lambda _error: False)
"""No second attempt. The BigQuery stand-in answers 500 for errors that never go away, and by
default the client would retry for 10 minutes."""


def publisher(cell: Cell) -> PublisherClient:
    """Return a client of the cell's Pub/Sub that manages topics and publishes."""
    return PublisherClient(transport=PublisherGrpcTransport(channel=_channel(cell)))


def subscriber(cell: Cell) -> SubscriberClient:
    """Return a client of the cell's Pub/Sub that manages subscriptions and pulls."""
    return SubscriberClient(transport=SubscriberGrpcTransport(channel=_channel(cell)))


def _channel(cell: Cell) -> grpc.Channel:
    return grpc.insecure_channel(cell.pubsub)


def warehouse(cell: Cell) -> bigquery.Client:
    """Return a client of the cell's BigQuery; names without a dataset mean the BI dataset."""
    return bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),
        location=LOCATION,
        client_options={"api_endpoint": cell.url("bigquery")},
        default_query_job_config=bigquery.QueryJobConfig(
            default_dataset=f"{PROJECT}.{cell.bi_dataset}"
        ),
    )


def objects(cell: Cell) -> StorageClient:
    """Return a client of the cell's Cloud Storage."""
    return StorageClient(
        project=PROJECT,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": cell.url("storage")},
    )
