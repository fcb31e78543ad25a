"""Publishing over gRPC handles error codes, deadlines and connections that may be broken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
from google.pubsub_v1.types import PublishRequest

from functions.google.access_token import AccessToken, Metadata, NoAccess
from functions.google.topic import NotPublishable, PublishFailed, Topic
from tests.fakes.clock import Clock
from tests.unit.receive.stand_ins import message

NAME = "projects/p/topics/t"
PATH = "/google.pubsub.v1.Publisher/Publish"


class Pubsub:
    """A server that gives the answers in `answers` one after the other, and then OK."""

    def __init__(self) -> None:
        self.answers: list[grpc.StatusCode | float] = []
        self.requests: list[Any] = []
        self.metadata: dict[str, str | bytes] = {}
        self.peers: list[str] = []
        self.opened = 0
        self.port = 0

    async def publish(self, request: bytes, context: Any) -> bytes:
        self.requests.append(PublishRequest.deserialize(request))
        self.metadata = dict(context.invocation_metadata())
        self.peers.append(context.peer())
        match self.answers.pop(0) if self.answers else None:
            case grpc.StatusCode() as code:
                await context.abort(code, "secret")
            case float(seconds):
                await asyncio.sleep(seconds)
        return b""

    def open_channel(self) -> grpc.aio.Channel:
        self.opened += 1
        local = (("grpc.use_local_subchannel_pool", 1),)
        return grpc.aio.insecure_channel(f"127.0.0.1:{self.port}", options=local)


@asynccontextmanager
async def serving() -> AsyncIterator[Pubsub]:
    pubsub = Pubsub()
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(pubsub.publish)
    service, method = PATH.strip("/").split("/")
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {method: handler}),)
    )
    pubsub.port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield pubsub
    finally:
        await server.stop(None)


@pytest.fixture
async def pubsub() -> AsyncIterator[Pubsub]:
    async with serving() as pubsub:
        yield pubsub


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def topic(pubsub: Pubsub, clock: Clock) -> AsyncIterator[Topic]:
    topic = Topic(pubsub.open_channel, NAME, clock)
    yield topic
    await topic.close()


MESSAGES = [message(b'{"a":1}', event="Zoë"), message(b"2")]


async def test_the_real_api_understands_the_request(pubsub: Pubsub, topic: Topic) -> None:
    await topic.publish(MESSAGES, within=5)
    [request] = pubsub.requests
    assert request.topic == NAME
    assert [message.data for message in request.messages] == [b'{"a":1}', b"2"]
    assert dict(request.messages[0].attributes) == MESSAGES[0].attributes.to_mapping()
    assert pubsub.metadata["x-goog-request-params"] == "topic=projects%2Fp%2Ftopics%2Ft"


async def test_a_refused_message_keeps_the_connection(pubsub: Pubsub, topic: Topic) -> None:
    pubsub.answers = [grpc.StatusCode.INVALID_ARGUMENT]
    with pytest.raises(NotPublishable):
        await topic.publish(MESSAGES, within=5)
    await topic.publish(MESSAGES, within=5)
    assert pubsub.opened == 1


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    ],
)
async def test_a_failure_is_told_by_its_code_and_the_next_is_on_a_new_connection(
    pubsub: Pubsub, topic: Topic, code: grpc.StatusCode
) -> None:
    pubsub.answers = [code]
    with pytest.raises(PublishFailed, match=f"^{code.name}$"):
        await topic.publish(MESSAGES, within=5)
    await topic.publish(MESSAGES, within=5)
    assert len(set(pubsub.peers)) == pubsub.opened == 2


async def test_a_connection_that_was_closed_meanwhile_costs_nothing(
    pubsub: Pubsub, topic: Topic
) -> None:
    pubsub.answers = [grpc.StatusCode.UNAVAILABLE]
    await topic.publish(MESSAGES, within=5)
    assert pubsub.opened == 2
    pubsub.answers = [grpc.StatusCode.UNAVAILABLE] * 2
    with pytest.raises(PublishFailed, match="UNAVAILABLE"):
        await topic.publish(MESSAGES, within=5)


async def test_no_answer_in_time_is_a_failure(pubsub: Pubsub, topic: Topic) -> None:
    pubsub.answers = [30.0]
    started = asyncio.get_running_loop().time()
    with pytest.raises(PublishFailed, match="DEADLINE_EXCEEDED"):
        await topic.publish(MESSAGES, within=0.05)
    assert asyncio.get_running_loop().time() - started < 10


async def test_giving_a_connection_up_leaves_others_on_it_their_time(
    pubsub: Pubsub, topic: Topic
) -> None:
    pubsub.answers = [0.1]
    slow = asyncio.create_task(topic.publish(MESSAGES, within=5))
    while not pubsub.requests:  # noqa: ASYNC110 - nothing sets an Event
        await asyncio.sleep(0.001)
    pubsub.answers = [grpc.StatusCode.INTERNAL]
    with pytest.raises(PublishFailed):
        await topic.publish(MESSAGES, within=5)
    await slow


async def test_an_idle_connection_is_replaced_before_it_is_used(
    pubsub: Pubsub, topic: Topic, clock: Clock
) -> None:
    await topic.publish(MESSAGES, within=5)
    clock.now += 30
    await topic.publish(MESSAGES, within=5)
    assert pubsub.opened == 1
    clock.now += 31
    await topic.publish(MESSAGES, within=5)
    assert len(set(pubsub.peers)) == pubsub.opened == 2


async def test_without_a_server_a_publish_fails_at_once(clock: Clock) -> None:
    async with serving() as pubsub:
        pass
    topic = Topic(pubsub.open_channel, NAME, clock)
    with pytest.raises(PublishFailed, match="UNAVAILABLE"):
        await topic.publish(MESSAGES, within=5)
    await topic.close()


class Token(AccessToken):
    """Is there at once, or later, or not at all."""

    def __init__(self, answer: Metadata | Exception | None, at_hand: Metadata | None) -> None:
        super().__init__()
        self._answer = answer
        self._now = at_hand

    def at_hand(self) -> Metadata | None:
        return self._now

    async def metadata(self) -> Metadata:
        if isinstance(self._answer, Exception):
            raise self._answer
        if self._answer is None:
            await asyncio.Event().wait()
        assert self._answer is not None
        return self._answer


AUTHORIZED: Metadata = (("authorization", "Bearer token"),)


@pytest.mark.parametrize("token", [Token(None, AUTHORIZED), Token(AUTHORIZED, None)])
async def test_a_call_has_the_token(pubsub: Pubsub, token: Token) -> None:
    topic = Topic(pubsub.open_channel, NAME, token=token)
    await topic.publish(MESSAGES, within=5)
    assert pubsub.metadata["authorization"] == "Bearer token"
    assert "x-goog-request-params" in pubsub.metadata
    await topic.close()


@pytest.mark.parametrize("token", [Token(NoAccess("RefreshError"), None), Token(None, None)])
async def test_without_a_token_nothing_is_sent(pubsub: Pubsub, token: Token) -> None:
    topic = Topic(pubsub.open_channel, NAME, token=token)
    with pytest.raises(PublishFailed, match=r"^no_token$"):
        await topic.publish(MESSAGES, within=0.05)
    assert not pubsub.requests
