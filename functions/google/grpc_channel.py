"""Opens gRPC channels to Google's services, or to stand-ins with the same API."""

import functools
from urllib.parse import urlsplit

import grpc
import grpc.aio

from functions.google.access_token import default_credentials

OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
)
"""The options of each channel. With the first one, channels to the same address do not share a
connection, so a new channel never uses the dead connection of an old one. With the second one, a
response may have any size: the response to a pull can exceed gRPC's default limit of 4 MB.
"""


def open_channel(
    endpoint: str, quota_project: str = "", *, authorizes: bool = True
) -> grpc.aio.Channel:
    """Open a channel; call this inside the running event loop, after the server has forked.

    Args:
        endpoint: ``https://host:port`` to use TLS and application default credentials, or
            ``http://host:port`` to connect without TLS or credentials.
        quota_project: the project whose quota is used; if empty, the project of the credentials.
        authorizes: whether gRPC adds the header of `functions.google.access_token` to each call.
            This is slow; if it does not, the caller has to.

    Raises:
        ValueError: the endpoint has none of these forms.
        google.auth.exceptions.DefaultCredentialsError: there are no credentials.
    """
    scheme, address = urlsplit(endpoint)[:2]
    if scheme == "http" and address:
        return grpc.aio.insecure_channel(address, options=OPTIONS)
    if scheme == "https" and address:
        credentials = _authorizing(quota_project) if authorizes else grpc.ssl_channel_credentials()
        return grpc.aio.secure_channel(address, credentials, options=OPTIONS)
    raise ValueError("an endpoint must have the form http://host:port or https://host:port")


@functools.cache
def _authorizing(quota_project: str) -> grpc.ChannelCredentials:
    # These modules are slow to import, and connections without TLS do not need them.
    from google.auth.transport.grpc import AuthMetadataPlugin  # noqa: PLC0415
    from google.auth.transport.requests import Request  # noqa: PLC0415

    plugin = AuthMetadataPlugin(default_credentials(quota_project), Request())
    return grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials(), grpc.metadata_call_credentials(plugin)
    )


def routing_header(name: str, resource: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata with which Google routes a call to the region of the resource.

    Google's generated clients add this metadata themselves; raw calls have to send it.

    Args:
        name: the field of the request that names the resource, such as ``topic``.
        resource: the resource's full name, such as ``projects/p/topics/t``.
    """
    return (("x-goog-request-params", f"{name}={resource.replace('/', '%2F')}"),)
