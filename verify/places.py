"""Checks that topics, secrets, buckets and datasets are in the region of their cell."""

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
    """Ask Google's APIs for the location of each resource.

    Args:
        cell: the resources, and the promised region.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: there are no credentials.
    """
    for location in asyncio.run(_ask(cell)):
        subject = f"{location.kind} {location.name}"
        yield Finding(cell.name, CHECK, subject, STATES[location.state], location.detail)


async def _ask(cell: Cell) -> list[Location]:
    google = Google(cell.endpoints, cell.project_id, quota_project=cell.project_id)
    parts = Parts(cell.topics, cell.secrets, cell.buckets, cell.datasets)
    return await check(google.resources(parts), cell.region)
