"""A Pub/Sub stand-in: the gRPC API of Google's service, in memory, on one loopback port.

It exists because Google's emulator pushes two messages at a time, ignores filters and takes 202 for
a failure. This one keeps to the documented behaviour in the points that the pipeline relies on;
what it does not offer (ordering, exactly-once, snapshots, schemas) it refuses as UNIMPLEMENTED.
"""

from local.pubsub.server import Server, serve

__all__ = ["Server", "serve"]
