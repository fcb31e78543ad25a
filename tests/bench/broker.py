"""The broker of the benchmarks: accepts every publish at once, and does next to nothing else.

It shares a core with the load generator, so what it costs would be missing there. It reads of a
request only how many messages there are, for the official client wants an id for each.
"""

from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from tests.bench import stub

MESSAGE_ID = b"\x0a\x011"
"""``message_ids: "1"``, encoded; a response is this once for each message."""


def _declare_count() -> type[Any]:
    """Declare ``PublishRequest`` with messages that stay encoded: they are only counted."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="bench.proto", package="bench", syntax="proto3")
    request = file.message_type.add(name="PublishRequest")
    request.field.add(name="messages", number=2, type=field.TYPE_BYTES, label=field.LABEL_REPEATED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("bench.PublishRequest"))


_PublishRequest = _declare_count()


def response_to(request: bytes) -> bytes:
    """Return the encoded ``PublishResponse`` to an encoded ``PublishRequest``."""
    return MESSAGE_ID * len(_PublishRequest.FromString(request).messages)


async def _publish(request: bytes, _: object) -> bytes:
    return response_to(request)


# Without serialisers both sides are the bytes of the wire.
HANDLER = grpc.method_handlers_generic_handler(
    "google.pubsub.v1.Publisher", {"Publish": grpc.unary_unary_rpc_method_handler(_publish)}
)


if __name__ == "__main__":
    stub.run(stub.arguments().parse_args(), HANDLER)
