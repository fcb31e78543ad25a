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
    """Wrk ended and did not print an outcome."""


class Outcome(msgspec.Struct, frozen=True):
    """The outcome of a run of wrk.

    Attributes:
        requests: how many requests were answered.
        seconds: how long the run took.
        p50_ms: the median latency, in milliseconds.
        p99_ms: the 99th percentile of the latency, in milliseconds.
        max_ms: the longest latency, in milliseconds.
        refused: how many answers had a status of 400 or above.
        broken: how many connections failed, and how many requests got no answer in time.
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
        WrkMissing: wrk is not installed.
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
        url: the URL to post to.
        bodies: a file with one body on each line.
        connections: how many connections to keep open; each sends one request at a time.
        seconds: how long to post.
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
    """Wait until wrk ends, and return its outcome.

    Raises:
        WrkFailed: wrk printed no outcome.
    """
    printed, _ = process.communicate()
    return read(printed.decode())


def read(printed: str) -> Outcome:
    """Find the outcome in the output of wrk.

    Raises:
        WrkFailed: the output has no outcome.
    """
    line = next((line for line in printed.splitlines() if line.startswith("{")), None)
    if line is None:
        raise WrkFailed("wrk printed no outcome")
    return msgspec.convert(json.loads(line), Outcome)


def run(url: str, bodies: Path, *, connections: int, seconds: int, core: int) -> Outcome:
    """Post bodies for some seconds and return the outcome; `start` explains the arguments."""
    return outcome(start(url, bodies, connections=connections, seconds=seconds, core=core))
