"""The stand-in as a server on 127.0.0.1."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc

from local.pubsub.broker import Broker
from local.pubsub.publisher import Publisher
from local.pubsub.push import MAX_IN_FLIGHT
from local.pubsub.rpc import publisher_handler, subscriber_handler
from local.pubsub.subscriber import Subscriber

HOST = "127.0.0.1"
TICK_SECONDS = 0.02
"""The interval at which the server looks for expired deliveries and ended pauses."""

STOP_SECONDS = 0.5
"""How much time calls in progress get to end when the server stops."""

_OPTIONS = (
    ("grpc.so_reuseport", 0),  # a second server on this port must fail, not share the port
    ("grpc.max_receive_message_length", -1),  # `check_publish` refuses requests above 10 MB
    ("grpc.max_send_message_length", -1),
)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        port: the port that it listens on.
        broker: the topics and subscriptions that it serves.
    """

    port: int
    broker: Broker

    @property
    def target(self) -> str:
        """The address for a gRPC channel."""
        return f"{HOST}:{self.port}"


@asynccontextmanager
async def serve(
    port: int = 0, *, now: Callable[[], float] = time.time, max_in_flight: int = MAX_IN_FLIGHT
) -> AsyncIterator[Server]:
    """Serve in the running loop until the context ends.

    Args:
        port: the port to listen on; 0 for any free port.
        now: returns the time, in seconds since the epoch.
        max_in_flight: how many pushes of one subscription may be under way at a time.

    Raises:
        RuntimeError: another program listens on the port.
    """
    broker = Broker(now)
    subscriber = Subscriber(broker, max_in_flight)
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers(
        (publisher_handler(Publisher(broker)), subscriber_handler(subscriber))
    )
    bound = server.add_insecure_port(f"{HOST}:{port}")
    await server.start()
    ticker = asyncio.create_task(_tick(broker))
    try:
        yield Server(bound, broker)
    finally:
        await server.stop(STOP_SECONDS)
        ticker.cancel()
        await subscriber.close()


async def _tick(broker: Broker) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        broker.advance()
