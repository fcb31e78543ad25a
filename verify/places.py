"""Where topics, secrets, buckets and datasets really are, compared with their cell's region."""

import asyncio
from collections.abc import Iterator

from functions.locations.check import Google, Location, State, check
from functions.locations.parts import Parts
from verify import finding
from verify.deployment import Cell
from verify.finding import Finding

CHECK = "is in the region"

STATES: dict[State, finding.State] = {
    "holds": "holds",
    "fails": "fails",
    "unknown": "not checked",
}


def check_places(cell: Cell) -> Iterator[Finding]:
    """Ask the APIs where everything is.

    Args:
        cell: what should be there, and where.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: nobody is signed in.
    """
    for location in asyncio.run(_ask(cell)):
        subject = f"{location.kind} {location.name}"
        yield Finding(cell.name, CHECK, subject, STATES[location.state], location.detail)


async def _ask(cell: Cell) -> list[Location]:
    google = Google(cell.endpoints, cell.project_id, quota_project=cell.project_id)
    parts = Parts(cell.topics, cell.secrets, cell.buckets, cell.datasets)
    return await check(google.resources(parts), cell.region)
