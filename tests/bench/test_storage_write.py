"""The stub of Storage Write answers each append, in order, and takes so many at a time."""

import asyncio
from collections.abc import AsyncIterator

import grpc.aio
from google.cloud.bigquery_storage_v1.types import storage

from functions.load.storage_write import APPEND_ROWS
from tests.bench.storage_write import STORED, handler, taking


def test_the_answer_says_that_rows_are_stored() -> None:
    response = storage.AppendRowsResponse.pb().FromString(STORED)
    assert response.HasField("append_result")
    assert not response.HasField("error")


async def test_answers_come_in_the_order_of_the_appends() -> None:
    """The first append takes until all have come."""
    came: list[bytes] = []
    complete = asyncio.Event()

    async def take(request: bytes) -> None:
        came.append(request)
        if len(came) == 3:
            complete.set()
        if request == b"first":
            await complete.wait()

    async def requests() -> AsyncIterator[bytes]:
        for request in (b"first", b"second", b"third"):
            yield request

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler(take),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel, asyncio.timeout(60):
        call = channel.stream_stream(APPEND_ROWS, bytes, bytes)(requests())
        assert [answer async for answer in call] == [STORED] * 3
    await server.stop(None)
    assert came == [b"first", b"second", b"third"]


async def test_so_many_are_taken_at_a_time() -> None:
    take = taking(0.01, 2)
    clock = asyncio.get_running_loop().time
    began = clock()
    await asyncio.gather(*(take(b"") for _ in range(6)))
    assert clock() - began >= 0.029
    await asyncio.gather(*(taking(0, 0)(b"") for _ in range(1_000)))
