"""What the environment may say: where Google's services are, instead of the outputs; who asks."""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Read from the environment by `functions.web.environment.read`.

    Attributes:
        bigquery_endpoint: ``https://host``; as all of these, the outputs' where it is empty.
        pubsub_endpoint: ``https://host``, of the gRPC API.
        storage_endpoint: ``https://host``.
        secrets_endpoint: ``https://host`` of Secret Manager.
        scheduler_endpoint: ``https://host`` of Cloud Scheduler.
        identity_token: of who asks private functions, where ``gcloud`` is not signed in as them.
    """

    bigquery_endpoint: str = ""
    pubsub_endpoint: str = ""
    storage_endpoint: str = ""
    secrets_endpoint: str = ""
    scheduler_endpoint: str = ""
    identity_token: str = ""
