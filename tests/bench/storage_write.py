"""The Storage Write service of the benchmarks: the real RPC, with a time and a limit of its own.

It stores nothing. Like the broker it shares a core with the load generator, so of a request it
reads nothing. Appends of one connection are answered in their order, as the service does.

Run as ``python -m tests.bench.storage_write --port 9060 --milliseconds 20 --at-a-time 4``.
"""

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import grpc.aio
import uvloop

SERVICE = "google.cloud.bigquery.storage.v1.BigQueryWrite"
STORED = b"\x0a\x00"
"""``append_result: {}``, encoded: the rows are stored."""

Take = Callable[[bytes], Awaitable[None]]
"""Called with an encoded ``AppendRowsRequest``; returns when its rows count as stored."""


def taking(seconds: float, at_a_time: int) -> Take:
    """Return what an append comes to: so many seconds, and so many at a time; 0 for no limit."""
    limit: AbstractAsyncContextManager[None] | asyncio.Semaphore = (
        asyncio.Semaphore(at_a_time) if at_a_time else nullcontext()
    )

    async def take(_request: bytes) -> None:
        async with limit:
            if seconds:
                await asyncio.sleep(seconds)

    return take


def handler(take: Take) -> Any:
    """Return the service's ``AppendRows``."""

    async def append_rows(requests: AsyncIterator[bytes], _context: object) -> AsyncIterator[bytes]:
        taken: asyncio.Queue[asyncio.Task[None] | None] = asyncio.Queue()

        async def receive() -> None:
            async for request in requests:
                taken.put_nowait(asyncio.ensure_future(take(request)))
            taken.put_nowait(None)

        receiving = asyncio.create_task(receive())
        while (task := await taken.get()) is not None:
            await task
            yield STORED
        await receiving

    # Without serialisers both sides are the bytes of the wire.
    method = grpc.stream_stream_rpc_method_handler(append_rows)
    return grpc.method_handlers_generic_handler(SERVICE, {"AppendRows": method})


async def serve(port: int, seconds: float, at_a_time: int) -> None:
    """Serve ``AppendRows`` on 127.0.0.1 until SIGTERM or SIGINT."""
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers((handler(taking(seconds, at_a_time)),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await server.stop(None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--milliseconds", type=float, required=True)
    parser.add_argument("--at-a-time", type=int, required=True)
    given = parser.parse_args()
    uvloop.run(serve(given.port, given.milliseconds / 1000, given.at_a_time))
