"""The Cloud Scheduler stand-in: posts to a URL at fixed intervals, as the jobs of a cell do.

Run as ``python -m local.scheduler --email scheduler@local --job 300 320
http://127.0.0.1:8606/replay``. It ends on SIGTERM.
If an answer is not 2xx, it prints a line, and calls the URL again only at the next interval.
"""

import sched
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial

import click

from local.identity_token import identity_token


def next_run(now: float, every: int) -> float:
    """Return the next time that is a multiple of an interval, like ``*/5`` of cron.

    Args:
        now: the present time, in seconds since the epoch.
        every: the interval in seconds.
    """
    return (now // every + 1) * every


def call(url: str, email: str, seconds: int) -> None:
    """Post an empty body to a URL as a service account; print a line if the answer is not 2xx.

    Args:
        url: the URL of the job.
        email: the e-mail address of the service account.
        seconds: how long the call may take: the job's attempt deadline.
    """
    headers = {"Authorization": f"Bearer {identity_token(email)}"}
    request = urllib.request.Request(url, b"", headers, method="POST")  # noqa: S310 - the cell's own
    try:
        with urllib.request.urlopen(request, timeout=seconds):  # noqa: S310 - see above
            pass
    except urllib.error.HTTPError as error:
        print(f"{url} answered {error.code}", flush=True)
    except OSError as error:
        print(f"{url} did not answer: {type(error).__name__}", flush=True)


def schedule(
    clock: sched.scheduler, every: int, action: Callable[[], None], now: Callable[[], float]
) -> None:
    """Run an action at each multiple of an interval (in seconds) from now on."""

    def run() -> None:
        action()
        schedule(clock, every, action, now)

    clock.enterabs(next_run(now(), every), 0, run)


@click.command()
@click.option(
    "--job",
    "jobs",
    type=(click.IntRange(1), click.IntRange(1), str),
    multiple=True,
    required=True,
    metavar="INTERVAL DEADLINE URL",
    help="Post to URL every INTERVAL seconds; a call may take DEADLINE seconds.",
)
@click.option("--email", required=True, help="The service account that calls.")
def main(jobs: tuple[tuple[int, int, str], ...], email: str) -> None:
    """Call each job's URL at its interval until SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    clock = sched.scheduler(time.time, time.sleep)
    for every, seconds, url in jobs:
        schedule(clock, every, partial(call, url, email, seconds), time.time)
    clock.run()


if __name__ == "__main__":
    main()
