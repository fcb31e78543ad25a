"""A Pub/Sub stand-in: the gRPC API of Google's service, in memory, on one loopback port.

It exists because Google's emulator pushes only two messages at a time, ignores filters and treats
the answer 202 as a failure. This stand-in follows the documented behaviour on which the pipeline
relies. It refuses the rest (ordering, exactly-once, snapshots, schemas) as UNIMPLEMENTED.
"""

from local.pubsub.server import Server, serve

__all__ = ["Server", "serve"]
