"""The Storage Write service of the benchmarks: the real RPC, with a time and a limit of its own.

It stores nothing. Like the broker it shares a core with the load generator, so of a request it
reads nothing. Appends of one connection are answered in their order, as the service does.

Run as ``python -m tests.bench.storage_write --port 9060 --milliseconds 20 --at-a-time 4``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import grpc

from tests.bench import stub

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


if __name__ == "__main__":
    parser = stub.arguments()
    parser.add_argument("--milliseconds", type=float, required=True)
    parser.add_argument("--at-a-time", type=int, required=True)
    given = parser.parse_args()
    stub.run(given, handler(taking(given.milliseconds / 1000, given.at_a_time)))
