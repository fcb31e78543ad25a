"""The parts of a cell that have a location, in the form that Terraform writes."""

import msgspec


class Datasets(msgspec.Struct, frozen=True):
    """The names of a cell's datasets.

    Attributes:
        store: the dataset that the functions read and write.
        bi: the dataset that BI tools see.
        partners: for each partner that has its own readers, the dataset for these readers.
    """

    store: str
    bi: str
    partners: dict[str, str] = {}


class Parts(msgspec.Struct, frozen=True):
    """A cell's resources with a location; other members of Terraform's output are ignored.

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
