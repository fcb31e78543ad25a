"""``python -m local.pubsub --port N``: serves until SIGTERM or SIGINT.

The first line on standard output is JSON: ``{"port": N}``. It is printed once the server accepts
calls.
"""

import asyncio
import gc
import json
import signal

import click
import uvloop

from local.pubsub.push import MAX_IN_FLIGHT
from local.pubsub.server import HOST, serve


@click.command()
@click.option("--port", default=0, help="The port on 127.0.0.1; 0 for any free port.")
@click.option(
    "--max-in-flight",
    default=MAX_IN_FLIGHT,
    show_default=True,
    help="The maximum number of concurrent pushes of one subscription.",
)
def main(port: int, max_in_flight: int) -> None:
    """Serve the Pub/Sub stand-in."""
    # The garbage collector has little to do: imported objects stay, and messages are freed by their
    # reference counts. So it runs seldom.
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    try:
        uvloop.run(_run(port, max_in_flight))
    except RuntimeError as error:
        raise click.ClickException(f"cannot listen on {HOST}:{port}: {error}") from error


async def _run(port: int, max_in_flight: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(port, max_in_flight=max_in_flight) as server:
        click.echo(json.dumps({"port": server.port}))
        await stop.wait()


if __name__ == "__main__":
    main()
