"""The settings of `make verify`: endpoints of Google's services, and the operator's identity."""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, read from the environment by `functions.web.environment.read`.

    An endpoint has the form ``https://host``. If it is empty, the endpoint in Terraform's outputs
    is used.

    Attributes:
        bigquery_endpoint: the endpoint of BigQuery's REST API.
        pubsub_endpoint: the endpoint of Pub/Sub's gRPC API.
        storage_endpoint: the endpoint of Cloud Storage's JSON API.
        secrets_endpoint: the endpoint of Secret Manager's REST API.
        scheduler_endpoint: the endpoint of Cloud Scheduler's REST API.
        identity_token: the operator's identity token for private functions. If it is empty,
            ``gcloud`` is asked for a token.
    """

    bigquery_endpoint: str = ""
    pubsub_endpoint: str = ""
    storage_endpoint: str = ""
    secrets_endpoint: str = ""
    scheduler_endpoint: str = ""
    identity_token: str = ""
