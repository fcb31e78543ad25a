"""Child processes: started, watched, and stopped without leaving an orphan."""

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 3.0
"""How long a child may take to stop before it is killed."""

PR_SET_PDEATHSIG = 1
_prctl = getattr(ctypes.CDLL(None), "prctl", None)
"""Linux has this function. macOS does not, so a child outlives a parent that was killed."""


class SlowStart(Exception):
    """A part of the cell did not accept connections in time."""


class ChildDied(Exception):
    """A child ended by itself; the message has its name and the last lines of its output."""


@dataclass(frozen=True)
class Child:
    """A running child process.

    Attributes:
        name: the name that messages show.
        process: the process; the id of its process group is the same as its own.
        log: the file with its output.
    """

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise an error if the child has ended.

        Raises:
            ChildDied: the child has ended.
        """
        code = self.process.poll()
        if code is not None:
            last = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise ChildDied(f"{self.name} ended with code {code}; its last lines:\n{last}")


def start(name: str, command: Sequence[str], environ: Mapping[str, str], logs: Path) -> Child:
    """Start a child in its own process group; on Linux, it ends when this process does."""
    log = logs / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the commands are this project's own
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it only calls prctl
        )
    return Child(name, process, log)


def die_with_parent() -> None:
    """Let the kernel end this process when its parent ends (on Linux only); for `preexec_fn`."""
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def taken_ports(ports: Sequence[int]) -> list[int]:
    """Return the ports on 127.0.0.1 that another program listens on."""
    taken = []
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                taken.append(port)
    return taken


async def wait_until_listening(child: Child, port: int, within: float = 30.0) -> None:
    """Wait until a child accepts connections.

    Raises:
        ChildDied: the child ended.
        SlowStart: the child did not accept connections within that many seconds.
    """
    try:
        async with asyncio.timeout(within):
            await _listening(child, port)
    except TimeoutError:
        raise SlowStart(
            f"{child.name} did not start within {within:.0f} s; the machine may be too busy"
        ) from None


async def _listening(child: Child, port: int) -> None:
    while True:
        child.check()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


async def watch(children: Sequence[Child]) -> None:
    """Wait until a child ends; never return.

    Raises:
        ChildDied: a child ended.
    """
    while True:
        for child in children:
            child.check()
        await asyncio.sleep(0.2)


def stop(children: Sequence[Child]) -> None:
    """Send SIGTERM to all children, in order; kill those that do not stop in time."""
    for child in children:
        _signal_group(child, signal.SIGTERM)
    for child in children:
        try:
            child.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _signal_group(child, signal.SIGKILL)
            child.process.wait()
        # The rest of its process group, such as the workers of a server.
        _signal_group(child, signal.SIGKILL)


def _signal_group(child: Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.process.pid, number)
