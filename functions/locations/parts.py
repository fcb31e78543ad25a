"""What a cell is made of that has a location, as Terraform names it."""

import msgspec


class Datasets(msgspec.Struct, frozen=True):
    """Names of datasets.

    Attributes:
        store: the functions' own.
        bi: that BI tools see.
        partners: those of partners with readers, by partner.
    """

    store: str
    bi: str
    partners: dict[str, str] = {}


class Parts(msgspec.Struct, frozen=True):
    """What has a location; the rest of what Terraform says is passed over.

    Attributes:
        topics: ``projects/P/topics/T``.
        secrets: ``projects/P/secrets/S``.
        buckets: names.
        datasets: names.
    """

    topics: tuple[str, ...]
    secrets: tuple[str, ...]
    buckets: tuple[str, ...]
    datasets: Datasets


class Endpoints(msgspec.Struct, frozen=True):
    """Where the services are, ``https://host``; ``http://`` for stand-ins without credentials.

    Attributes:
        bigquery: its REST API.
        pubsub: its gRPC API; a port may follow.
        storage: its JSON API.
        secrets: Secret Manager's REST API.
    """

    bigquery: str
    pubsub: str
    storage: str
    secrets: str
