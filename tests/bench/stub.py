"""Serves a stub of a Google API on 127.0.0.1, in clear text or over TLS, until a signal."""

import argparse
import asyncio
import signal
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import uvloop

OPTIONS = (("grpc.max_receive_message_length", -1),)


def arguments() -> argparse.ArgumentParser:
    """Return a parser with the arguments of all stubs: the port, and the files for TLS."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate", type=Path, help="Speak TLS with this certificate.")
    parser.add_argument("--key", type=Path, help="The private key of the certificate.")
    return parser


def run(given: argparse.Namespace, handler: Any) -> None:
    """Serve a handler as the arguments say, until SIGTERM or SIGINT."""
    uvloop.run(_serve(given, handler))


def listen(server: Any, given: argparse.Namespace) -> int:
    """Open a server's port; return its number."""
    address = f"127.0.0.1:{given.port}"
    if given.certificate is None:
        return int(server.add_insecure_port(address))
    pair = given.key.read_bytes(), given.certificate.read_bytes()
    return int(server.add_secure_port(address, grpc.ssl_server_credentials([pair])))


async def _serve(given: argparse.Namespace, handler: Any) -> None:
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((handler,))
    listen(server, given)
    await server.start()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await server.stop(None)
