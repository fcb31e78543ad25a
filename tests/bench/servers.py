"""Starts and stops what is measured: functions-framework on one core, its backend on the other."""

import http.client
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from local import children
from local.cell import Cell
from local.children import Child
from local.secret_files import prepare_secrets
from tests.bench.backends import backend
from tests.bench.bodies import body
from tests.bench.pinned import start
from tests.bench.pushes import pushes
from tests.bench.tls import Tls, tls
from tests.bench.variants import Variant

FUNCTION_CORE, LOAD_CORE = 0, 1
"""The load generator, the broker and the measuring process share the second."""

START_SECONDS = 30.0


class NotStarted(Exception):
    """A server gave no 2xx in time."""


@dataclass(frozen=True)
class Bench:
    """Where a run happens.

    Attributes:
        cell: names, token and settings; nothing of it runs but one backend at a time.
        folder: for bodies and logs.
        tls: with what the variants over TLS speak it.
    """

    cell: Cell
    folder: Path
    tls: Tls

    def url(self, variant: Variant) -> str:
        """Return where a variant is sent what it is fed with."""
        path = f"/events/{self.cell.token}" if variant.feed == "webhooks" else "/"
        return self.cell.url("receive") + path

    def bodies(self, variant: Variant) -> Path:
        """Return a file with the requests' bodies, one a line."""
        path = self.folder / f"{variant.feed}-{variant.events}.ndjson"
        if not path.exists():
            each = (body(variant.events),) if variant.feed == "webhooks" else pushes()
            path.write_bytes(b"".join(one + b"\n" for one in each))
        return path


@contextmanager
def bench(port_base: int) -> Iterator[Bench]:
    """Keep this process on the load core for as long as it is open.

    Args:
        port_base: of a cell's ports.
    """
    cores = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory(prefix="watchers-warehouse-bench-") as name:
        folder = Path(name)
        token = prepare_secrets(folder / "secrets")
        cell = Cell(port_base, token, folder / "secrets", f"127.0.0.1:{port_base + 2}")
        os.sched_setaffinity(0, {LOAD_CORE})
        try:
            with tls(folder / "tls") as over_tls:
                yield Bench(cell, folder, over_tls)
        finally:
            os.sched_setaffinity(0, cores)


@contextmanager
def function(at: Bench, variant: Variant) -> Iterator[tuple[Child, float]]:
    """Run a variant and its backend; yields it with the seconds from its start to its first 2xx.

    Raises:
        NotStarted: it gave none.
    """
    command = [sys.executable, "-m", "functions_framework", "--source", str(variant.source)]
    command += ["--target", variant.target, "--host", "127.0.0.1"]
    command += ["--port", str(at.cell.port("receive"))]
    with at.bodies(variant).open("rb") as bodies:
        first = bodies.readline()
    over_tls = at.tls if variant.tls else None
    with backend(variant.backend, at.cell, at.folder, LOAD_CORE, over_tls) as settings:
        environ = at.cell.settings() | settings | variant.environ
        started = time.perf_counter()
        child = start(variant.name, command, environ, at.folder, FUNCTION_CORE)
        try:
            _wait_for_first_answer(child, at.url(variant), first)
            yield child, time.perf_counter() - started
        finally:
            children.stop([child])


def _wait_for_first_answer(child: Child, url: str, content: bytes) -> None:
    parts = urlsplit(url)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        child.check()
        connection = http.client.HTTPConnection(parts.netloc, timeout=START_SECONDS)
        try:
            connection.request("POST", parts.path, content, {"Content-Type": "application/json"})
            status = connection.getresponse().status
        except OSError:
            time.sleep(0.002)
            continue
        finally:
            connection.close()
        if status < 300:
            return
        raise NotStarted(f"{child.name} answered {status}")
    raise NotStarted(f"{child.name} did not answer within {START_SECONDS:.0f} s")


def cpu_seconds(child: Child) -> float:
    """Return the processor time that a child and its children have used, in seconds."""
    times = [process.cpu_times() for process in _family(child)]
    return float(sum(of.user + of.system for of in times))


def core_seconds(core: int) -> float:
    """Return the time that a processor was busy, or taken by the host, in seconds since boot."""
    times = psutil.cpu_times(percpu=True)[core]
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)


def resident_bytes(child: Child) -> int:
    """Return the resident memory of a child and its children; what they share counts for each."""
    return sum(int(process.memory_info().rss) for process in _family(child))


def _family(child: Child) -> list[psutil.Process]:
    first = psutil.Process(child.process.pid)
    return [first, *first.children(recursive=True)]
