"""Publishing a replay: in requests that Pub/Sub takes, with errors told apart."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import pytest
from google.pubsub_v1 import PublishRequest, PublishResponse
from hypothesis import given
from hypothesis import strategies as st

from functions.operate.publish import (
    PUBLISH_BYTES,
    PUBLISH_MESSAGES,
    Message,
    Publisher,
    PublishFailed,
    PublishRefused,
    chunks,
)
from tests.functions.operate.stand_ins import message

TOPIC = "projects/p/topics/t"
Serve = Callable[..., Awaitable[Publisher]]


@given(st.lists(st.integers(0, 5_000_000), max_size=30), st.integers(0, 2_500))
def test_chunks_keep_order_and_limits(sizes: list[int], small: int) -> None:
    data = {size: b"x" * size for size in {*sizes, 1}}
    messages = [Message(data[size], {"n": str(number)}) for number, size in enumerate(sizes)]
    messages += [Message(data[1], {})] * small
    cut = list(chunks(messages))
    assert [each for chunk in cut for each in chunk] == messages
    assert all(0 < len(chunk) <= PUBLISH_MESSAGES for chunk in cut)
    assert all(sum(each.size for each in chunk) <= PUBLISH_BYTES for chunk in cut)


TEXT = st.text("aé€🎈\0", max_size=20)


@given(st.binary(max_size=200), st.dictionaries(TEXT, TEXT))
def test_a_message_is_never_larger_than_its_size(data: bytes, attributes: dict[str, str]) -> None:
    request = PublishRequest(messages=[{"data": data, "attributes": attributes}])
    assert len(PublishRequest.serialize(request)) <= Message(data, attributes).size


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve Pub/Sub's Publish with a function; a publisher that calls it."""
    server = grpc.aio.server()

    async def start(answer: Callable[..., Any]) -> Publisher:
        method = grpc.unary_unary_rpc_method_handler(
            answer, PublishRequest.deserialize, PublishResponse.serialize
        )
        server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    "google.pubsub.v1.Publisher", {"Publish": method}
                ),
            )
        )
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return Publisher(f"http://127.0.0.1:{port}", TOPIC, deadline=1.0)

    yield start
    await server.stop(None)


async def test_messages_arrive_with_bytes_attributes_and_the_routing_header(serve: Serve) -> None:
    requests = []

    async def take(request: PublishRequest, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        metadata = dict(context.invocation_metadata() or ())
        requests.append((request, metadata["x-goog-request-params"]))
        return PublishResponse(message_ids=["1"] * len(request.messages))

    publisher = await serve(take)
    messages = [message(number) for number in range(PUBLISH_MESSAGES + 1)]
    await publisher.publish(messages)
    assert [len(request.messages) for request, _ in requests] == [PUBLISH_MESSAGES, 1]
    assert {header for _, header in requests} == {"topic=projects/p/topics/t"}
    arrived = [
        Message(each.data, dict(each.attributes))
        for request, _ in requests
        for each in request.messages
    ]
    assert arrived == messages


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, PublishRefused),
        (grpc.StatusCode.UNAVAILABLE, PublishFailed),
        (grpc.StatusCode.PERMISSION_DENIED, PublishFailed),
        (grpc.StatusCode.INTERNAL, PublishFailed),
    ],
)
async def test_errors_are_told_apart(
    serve: Serve, code: grpc.StatusCode, expected: type[Exception]
) -> None:
    async def fail(request: PublishRequest, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        await context.abort(code, "no")

    publisher = await serve(fail)
    with pytest.raises(expected):
        await publisher.publish([message(1)])
