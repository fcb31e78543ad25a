"""Opens a client for BigQuery, or for a stand-in with the same API."""

from typing import Any


def open_client(endpoint: str, project: str, location: str) -> Any:
    """Return a `google.cloud.bigquery.Client`.

    The library is imported here, because it is slow to import and most instances never need it.

    Args:
        endpoint: ``https://host`` for BigQuery with application default credentials, or
            ``http://host:port`` for a stand-in without credentials.
        project: the Google Cloud project.
        location: the location of the datasets. All jobs of the client run there, so that no data
            leaves the location.
    """
    from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415
    from google.cloud.bigquery import Client  # noqa: PLC0415

    credentials = AnonymousCredentials() if endpoint.startswith("http://") else None
    return Client(
        project=project,
        location=location,
        credentials=credentials,
        client_options={"api_endpoint": endpoint},
    )
