"""Runs the load generator, wrk."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import msgspec

from tests.bench.pinned import pinned

SCRIPT = Path(__file__).parent / "post.lua"


class WrkMissing(Exception):
    """The load generator is not installed; the message says how to get it."""

    def __init__(self) -> None:
        super().__init__(
            "wrk is missing; install it: apt-get install wrk, or brew install wrk, "
            "or https://github.com/wg/wrk"
        )


class WrkFailed(Exception):
    """Wrk ended without an outcome."""


class Outcome(msgspec.Struct, frozen=True):
    """What wrk saw.

    Attributes:
        requests: that were answered.
        seconds: that it took.
        p50_ms: the median latency, in milliseconds.
        p99_ms: the 99th percentile of the latency, in milliseconds.
        max_ms: the longest latency, in milliseconds.
        refused: answers of 400 and above.
        broken: connections that failed, and requests without an answer in time.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    refused: int
    broken: int


def require() -> str:
    """Return the path of wrk.

    Raises:
        WrkMissing: it is not installed.
    """
    path = shutil.which("wrk")
    if path is None:
        raise WrkMissing
    return path


def start(
    url: str, bodies: Path, *, connections: int, seconds: int, core: int
) -> "subprocess.Popen[bytes]":
    """Start posting bodies in turns; `outcome` waits for the end.

    Args:
        url: where to.
        bodies: the file with what is posted, a body in each line.
        connections: kept open; each sends its next request when the last is answered.
        seconds: how long.
        core: the processor to run on.

    Raises:
        WrkMissing: wrk is not installed.
    """
    load = ["-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s"]
    command = [require(), *load, "-s", str(SCRIPT), url, "--", str(bodies)]
    return subprocess.Popen(
        pinned(command, core),
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
    )


def outcome(process: "subprocess.Popen[bytes]") -> Outcome:
    """Wait for wrk's end and return what it saw.

    Raises:
        WrkFailed: it printed no outcome.
    """
    printed, _ = process.communicate()
    return read(printed.decode())


def read(printed: str) -> Outcome:
    """Find the outcome in what wrk printed.

    Raises:
        WrkFailed: there is none.
    """
    line = next((line for line in printed.splitlines() if line.startswith("{")), None)
    if line is None:
        raise WrkFailed("wrk printed no outcome")
    return msgspec.convert(json.loads(line), Outcome)


def run(url: str, bodies: Path, *, connections: int, seconds: int, core: int) -> Outcome:
    """Post bodies for that long; see `start`."""
    return outcome(start(url, bodies, connections=connections, seconds=seconds, core=core))
