"""Opens the client library's bucket, in Cloud Storage or in a stand-in that speaks the same API."""

from typing import Any


def open_bucket(endpoint: str, project: str, name: str) -> Any:
    """Return a `google.cloud.storage.Bucket`.

    The library is imported here: it costs 0.14 s and 58 MB, and most instances never need it.

    Args:
        endpoint: ``https://host`` for Cloud Storage with application default credentials, or
            ``http://host:port`` for a stand-in without any.
        project: the Google Cloud project.
        name: the bucket's name.
    """
    from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415
    from google.cloud.storage import Client  # noqa: PLC0415

    credentials = AnonymousCredentials() if endpoint.startswith("http://") else None
    client = Client(
        project=project, credentials=credentials, client_options={"api_endpoint": endpoint}
    )
    return client.bucket(name)
