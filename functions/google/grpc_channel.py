"""Opens gRPC channels to Google's services, or to stand-ins that speak the same API."""

import functools
from urllib.parse import urlsplit

import grpc
import grpc.aio

OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
)
"""Channels to one address share no connection: replacing a dead one must not find it again.

An answer may be as large as the service makes it: a pull's may exceed gRPC's 4 MB.
"""


def open_channel(endpoint: str, quota_project: str = "") -> grpc.aio.Channel:
    """Open a channel; call it inside the running event loop, after the server has forked.

    Args:
        endpoint: ``https://host:port`` for TLS with application default credentials, or
            ``http://host:port`` for a plain connection without any.
        quota_project: that a person's requests count for; a service account's count for its own.

    Raises:
        ValueError: the endpoint is neither.
    """
    scheme, address = urlsplit(endpoint)[:2]
    if scheme == "http" and address:
        return grpc.aio.insecure_channel(address, options=OPTIONS)
    if scheme == "https" and address:
        return grpc.aio.secure_channel(
            address, _default_credentials(quota_project), options=OPTIONS
        )
    raise ValueError(f"an endpoint is http://host:port or https://host:port, not {endpoint!r}")


@functools.cache
def _default_credentials(quota_project: str) -> grpc.ChannelCredentials:
    # Imported here: a plain connection needs none of it, and it is slow to import.
    import google.auth  # noqa: PLC0415
    from google.auth.transport.grpc import AuthMetadataPlugin  # noqa: PLC0415
    from google.auth.transport.requests import Request  # noqa: PLC0415

    credentials, _ = google.auth.default(
        scopes=["https://www.googleapis.com/auth/cloud-platform"],
        quota_project_id=quota_project or None,
    )
    return grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials(),
        grpc.metadata_call_credentials(AuthMetadataPlugin(credentials, Request())),
    )


def routing_header(name: str, resource: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that routes a call to the resource's region.

    The generated clients send it; calls made without them must do the same.

    Args:
        name: the request's field that names the resource, such as ``topic``.
        resource: its full name, such as ``projects/p/topics/t``.
    """
    return (("x-goog-request-params", f"{name}={resource.replace('/', '%2F')}"),)
