"""The stubs speak TLS with a certificate that functions trust, and tokens come from one machine."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import grpc.aio
import httpx

from tests.bench import broker, stub
from tests.bench.tls import TOKEN, tls
from tests.bench.variants import ROOT

CALL = """
import asyncio, sys
from functions.google.grpc_channel import open_channel

async def call():
    async with open_channel(sys.argv[1]) as channel:
        publish = channel.unary_unary("/google.pubsub.v1.Publisher/Publish")
        print(await publish(b"\\x12\\x00\\x12\\x00", timeout=60))

asyncio.run(call())
"""


async def test_a_function_publishes_over_tls(tmp_path: Path) -> None:
    """In a process of its own, because gRPC reads the trusted certificates once."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((broker.HANDLER,))
    with tls(tmp_path / "tls") as speaks:
        given = stub.arguments().parse_args(["--port", "0", *speaks.arguments()])
        port = stub.listen(server, given)
        await server.start()
        called = await _run(f"https://127.0.0.1:{port}", speaks.settings())
        await server.stop(None)
    assert called == f"{broker.MESSAGE_ID * 2!r}\n"


async def _run(address: str, settings: dict[str, str]) -> str:

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CALL, address), env=settings, cwd=ROOT, stdout=subprocess.PIPE
    )
    printed, _ = await process.communicate()
    return printed.decode()


def test_a_token_comes_as_from_googles_metadata_server(tmp_path: Path) -> None:
    with tls(tmp_path / "tls") as speaks, httpx.Client(trust_env=False) as client:
        path = "computeMetadata/v1/instance/service-accounts/default/token"
        answer = client.get(f"http://{speaks.metadata}/{path}?scopes=a")
        assert answer.headers["metadata-flavor"] == "Google"
        assert json.loads(answer.text)["access_token"] == TOKEN
        assert client.get(f"http://{speaks.metadata}/computeMetadata/v1/x").status_code == 404


def test_the_key_is_private(tmp_path: Path) -> None:
    with tls(tmp_path / "tls") as speaks:
        assert speaks.key.stat().st_mode & 0o077 == 0
