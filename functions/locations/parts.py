"""The resources of a cell that have a location, in the form of Terraform's output."""

import msgspec


class Datasets(msgspec.Struct, frozen=True):
    """The names of a cell's datasets.

    Attributes:
        store: the dataset that the functions read and write.
        bi: the dataset that BI tools see.
        partners: for each partner with readers of its own, the dataset that these readers see.
    """

    store: str
    bi: str
    partners: dict[str, str] = {}


class Parts(msgspec.Struct, frozen=True):
    """The resources of a cell that have a location, read from Terraform's output.

    Attributes:
        topics: the topics' full names, ``projects/P/topics/T``.
        secrets: the secrets' full names, ``projects/P/secrets/S``.
        buckets: the buckets' names.
        datasets: the datasets' names.
    """

    topics: tuple[str, ...]
    secrets: tuple[str, ...]
    buckets: tuple[str, ...]
    datasets: Datasets


class Endpoints(msgspec.Struct, frozen=True):
    """The endpoints of Google's APIs: ``https://host``, or ``http://host:port`` of a stand-in.

    Attributes:
        bigquery: the endpoint of BigQuery's REST API.
        pubsub: the endpoint of Pub/Sub's gRPC API; it may have a port.
        storage: the endpoint of Cloud Storage's JSON API.
        secrets: the endpoint of Secret Manager's REST API.
    """

    bigquery: str
    pubsub: str
    storage: str
    secrets: str
