"""Compares the actual locations of a cell's resources with the promised region."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Literal, NamedTuple

from functions.google.rest import NotAnswered, NotThere, Read, open_reader
from functions.locations.faults import Answer, location_fault, secret_fault, topic_fault
from functions.locations.parts import Datasets, Endpoints, Parts
from functions.locations.topics import Topics

State = Literal["holds", "fails", "unknown"]
"""``holds``: the resource is in the promised region. ``fails``: it is not. ``unknown``: the check
could not be made, which must not count as a success."""

AT_A_TIME = 8
"""The maximum number of concurrent requests; each needs a thread, because REST calls block."""


class Resource(NamedTuple):
    """A resource that has a location.

    Attributes:
        kind: ``topic``, ``secret``, ``bucket``, ``dataset`` or ``table``.
        name: the resource's name in reports.
        read: reads the resource from Google's API.
        fault: takes the API's answer and the promised region; returns a description of the fault,
            or an empty text if there is none.
    """

    kind: str
    name: str
    read: Callable[[], Awaitable[Answer]]
    fault: Callable[[Answer, str], str]


class Location(NamedTuple):
    """The result of checking one resource.

    Attributes:
        kind: the kind of the resource.
        name: the resource's name in reports.
        state: whether the resource is in the promised region only.
        detail: for ``holds``, the region; for ``fails``, a description of the fault; for
            ``unknown``, why the check could not be made.
    """

    kind: str
    name: str
    state: State
    detail: str


class Google:
    """Reads resources from Google's APIs; create it inside the running event loop.

    Args:
        endpoints: the endpoints of the APIs.
        project: the Google Cloud project of the resources.
        quota_project: the project whose quota is used; if empty, the project of the credentials.
    """

    def __init__(self, endpoints: Endpoints, project: str, quota_project: str = "") -> None:
        self._endpoints = endpoints
        self._datasets = f"bigquery/v2/projects/{project}/datasets"
        self._topics = Topics(endpoints.pubsub, quota_project)
        self._open = partial(open_reader, quota_project=quota_project)
        self._own = threading.local()

    def resources(self, parts: Parts) -> list[Resource]:
        """Return all resources of a cell except tables, which `tables` returns."""
        to = self._endpoints
        paths = [
            *(("secret", name, to.secrets, f"v1/{name}", secret_fault) for name in parts.secrets),
            *(
                ("bucket", name, to.storage, f"storage/v1/b/{name}", location_fault)
                for name in parts.buckets
            ),
            *(
                ("dataset", name, to.bigquery, f"{self._datasets}/{name}", location_fault)
                for name in _names(parts.datasets)
            ),
        ]
        return [
            *(
                Resource("topic", _last(name), partial(self._topics.read, name), topic_fault)
                for name in parts.topics
            ),
            *(
                Resource(kind, _last(name), partial(self._read, endpoint, path), fault)
                for kind, name, endpoint, path, fault in paths
            ),
        ]

    async def tables(self, dataset: str) -> list[Resource]:
        """Return the tables of a dataset. Views are left out, because they contain no data.

        Raises:
            NotThere: the dataset does not exist.
            NotAnswered: BigQuery did not return the list.
        """
        path = f"{self._datasets}/{dataset}/tables"
        listed: list[Resource] = []
        token = ""
        while True:
            page = await self._read(self._endpoints.bigquery, f"{path}?maxResults=1000{token}")
            for item in page.get("tables", ()):
                name = item["tableReference"]["tableId"]
                if item.get("type") != "VIEW":
                    read = partial(self._read, self._endpoints.bigquery, f"{path}/{name}")
                    listed.append(Resource("table", f"{dataset}.{name}", read, location_fault))
            if not page.get("nextPageToken"):
                return listed
            token = f"&pageToken={page['nextPageToken']}"

    async def _read(self, endpoint: str, path: str) -> Answer:
        return await asyncio.to_thread(self._read_now, endpoint, path)

    def _read_now(self, endpoint: str, path: str) -> Answer:
        # A session of `requests` is not made for several threads, so each thread has its own.
        readers: dict[str, Read] = vars(self._own)
        if endpoint not in readers:
            readers[endpoint] = self._open(endpoint)
        return readers[endpoint](path)


async def check(resources: Iterable[Resource], region: str) -> list[Location]:
    """Check the locations of resources, several at a time.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: there are no credentials.
    """
    turns = asyncio.Semaphore(AT_A_TIME)

    async def ask(resource: Resource) -> Location:
        async with turns:
            return await _check(resource, region)

    return list(await asyncio.gather(*(ask(resource) for resource in resources)))


async def check_tables(google: Google, datasets: Datasets, region: str) -> list[Location]:
    """Check the locations of all tables that these datasets contain."""
    locations: list[Location] = []
    for dataset in _names(datasets):
        try:
            resources = await google.tables(dataset)
        except NotThere:
            continue  # `check` reports that the dataset does not exist
        except NotAnswered as error:
            locations.append(Location("table", f"{dataset}.*", "unknown", str(error)))
        else:
            locations += await check(resources, region)
    return locations


async def _check(resource: Resource, region: str) -> Location:
    location = Location(resource.kind, resource.name, "holds", region)
    try:
        fault = resource.fault(await resource.read(), region)
    except NotThere:
        return location._replace(state="fails", detail="it does not exist")
    except NotAnswered as error:
        return location._replace(state="unknown", detail=str(error))
    return location._replace(state="fails", detail=fault) if fault else location


def _names(datasets: Datasets) -> tuple[str, ...]:
    return (datasets.store, datasets.bi, *datasets.partners.values())


def _last(resource: str) -> str:
    return resource.rsplit("/", 1)[-1]
