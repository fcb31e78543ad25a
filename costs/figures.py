"""The figures of the model: the GB that BigQuery bills for each statement, view and job."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from costs.answers import NOW
from costs.jobs import JOBS, Job
from costs.recording import Call, jobs_in_a_row
from costs.statements import Reads, reads_of_statement, reads_of_view
from costs.volume import Volume
from functions.warehouse.days import midnight
from functions.warehouse.parameters import declared
from functions.warehouse.schema import RETENTION_DAYS, View, list_views

VOLUMES = (1e6, 1e8, 1e10)
"""The volumes for which figures are computed, in events a month."""

GB = 10**9

EVENT_VIEWS = "event_*"
"""The name for all views of single events. They differ only in their properties, which are one
RECORD in the store, so the model measures only the view with the most columns."""

SPANS = {"hour": NOW - timedelta(hours=1), "month": NOW - timedelta(days=30)}
"""The spans for which analysts query a view, each with its first moment (UTC)."""

WAITED_FOR = ("press of Refresh", "page of 90 days", "immediate erasure")
"""The jobs that a person waits for."""

Figure = tuple[float, ...]
"""The GB at each of `VOLUMES`, or a single number of BigQuery jobs."""


class Figures(NamedTuple):
    """All figures, by name.

    Attributes:
        jobs: the GB of each job.
        statements: the GB of each statement in the job that reads most with it, by ``folder/name``.
        views: the GB of ``SELECT *`` of each view and span, by names such as ``events of the last
            hour``.
        in_a_row: for each job in `WAITED_FOR`, how many BigQuery jobs run one after the other.
    """

    jobs: Mapping[str, Figure]
    statements: Mapping[str, Figure]
    views: Mapping[str, Figure]
    in_a_row: Mapping[str, Figure]


class MeasuredJob(NamedTuple):
    """A job, with the data that it reads.

    Attributes:
        calls: the statements of the job, in order.
        reads: the scans of each statement.
    """

    calls: list[Call]
    reads: list[Reads]

    def bytes(self, volume: Volume) -> float:
        """Return the bytes that BigQuery bills for one run."""
        return sum(each.bytes(volume) for each in self.reads)


def measure(job: Job, retention_days: int = RETENTION_DAYS) -> MeasuredJob:
    """Run a job with a recorder, and find the scans of its statements."""
    calls = job.calls(retention_days)
    return MeasuredJob(
        calls,
        [
            reads_of_statement(
                f"{call.folder}/{call.name}",
                job.now,
                call.parameters,
                retention_days,
                job.changed_days,
            )
            for call in calls
        ],
    )


@cache
def figures() -> Figures:
    """Compute all figures."""
    measured = {job.name: measure(job) for job in JOBS}
    return Figures(
        {name: _figure(job.reads) for name, job in measured.items()},
        _of_statements(measured),
        dict(_of_views()),
        {name: (float(jobs_in_a_row(measured[name].calls)),) for name in WAITED_FOR},
    )


def _figure(found: list[Reads]) -> Figure:
    return tuple(sum(each.bytes(Volume(events)) for each in found) / GB for events in VOLUMES)


def _of_statements(measured: Mapping[str, MeasuredJob]) -> dict[str, Figure]:
    """Return the figure of each statement; if no job runs it, its parameters are unknown."""
    runs: dict[str, list[Figure]] = {}
    for job in measured.values():
        for call, found in zip(job.calls, job.reads, strict=True):
            runs.setdefault(f"{call.folder}/{call.name}", []).append(_figure([found]))
    for folder, names in declared().items():
        for name in names:
            if (place := f"{folder}/{name}") not in runs:
                runs[place] = [_figure([reads_of_statement(place, NOW, {}, RETENTION_DAYS)])]
    return {place: max(runs[place]) for place in sorted(runs)}


def _of_views() -> Iterator[tuple[str, Figure]]:
    """Yield the figure of each view and span."""
    views = {view.name: view for view in list_views() if not is_of_an_event(view)}
    of_events = filter(is_of_an_event, list_views())
    views[EVENT_VIEWS] = max(of_events, key=lambda view: (len(view.columns), view.name))
    for name in sorted(views):
        for span, first in spans(views[name]):
            place = f"{name} of the last {span}" if span else name
            found = reads_of_view(views[name].name, first, NOW, RETENTION_DAYS)
            yield place, _figure([found])


def is_of_an_event(view: View) -> bool:
    """Return whether a view shows a single event."""
    return view.name.startswith("event_")


def spans(view: View) -> Iterator[tuple[str, Mapping[str, datetime]]]:
    """Yield the spans for which a view is queried, each with the bound of its column.

    A view without a column of time is queried as a whole; its span is empty.
    """
    names = {column.name for column in view.columns}
    if "received_at" in names:
        yield from ((span, {"received_at": first}) for span, first in SPANS.items())
    elif "day" in names:
        yield from ((span, {"day": midnight(first.date())}) for span, first in SPANS.items())
    else:
        yield "", {}
