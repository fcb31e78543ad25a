"""Where topics, secrets, buckets and datasets really are, compared with their cell's region."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from verify.deployment import Cell
from verify.finding import Finding
from verify.google_api import NotAnswered, NotThere, Read, open_reader

CHECK = "is in the region"

Answer = dict[str, Any]


class Place(NamedTuple):
    """A resource that has a location.

    Attributes:
        subject: its name for people.
        endpoint: of the API that knows it.
        path: of the resource, below the endpoint.
        fault: says what is wrong with the API's answer for a region; empty for nothing.
    """

    subject: str
    endpoint: str
    path: str
    fault: Callable[[Answer, str], str]


def topic_fault(topic: Answer, region: str) -> str:
    """Say where a topic's messages may be stored or pass, if that is not the region alone."""
    policy = topic.get("messageStoragePolicy", {})
    regions = policy.get("allowedPersistenceRegions", [])
    if regions != [region]:
        return f"messages may be stored in {', '.join(regions) or 'any region'}"
    if not policy.get("enforceInTransit"):
        return "other regions may publish and subscribe (enforceInTransit is off)"
    return ""


def secret_fault(secret: Answer, region: str) -> str:
    """Say where a secret is replicated to, if that is not the region alone."""
    replicas = secret.get("replication", {}).get("userManaged", {}).get("replicas", [])
    locations = [replica.get("location", "") for replica in replicas]
    if locations != [region]:
        return f"replicated to {', '.join(locations) or 'wherever Google likes'}"
    return ""


def location_fault(resource: Answer, region: str) -> str:
    """Say where a dataset or bucket is, if that is not the region; buckets shout."""
    location = resource.get("location", "")
    if location.lower() != region:
        return f"is in {location or 'no location'}"
    return ""


def places(cell: Cell) -> Iterator[Place]:
    """Iterate over what has a location in a cell."""
    to = cell.endpoints
    for topic in cell.topics:
        yield Place(f"topic {_last(topic)}", to.pubsub, f"v1/{topic}", topic_fault)
    for secret in cell.secrets:
        yield Place(f"secret {_last(secret)}", to.secrets, f"v1/{secret}", secret_fault)
    for bucket in cell.buckets:
        yield Place(f"bucket {bucket}", to.storage, f"storage/v1/b/{bucket}", location_fault)
    of = cell.datasets
    for dataset in (of.store, of.bi, *of.partners.values()):
        path = f"bigquery/v2/projects/{cell.project_id}/datasets/{dataset}"
        yield Place(f"dataset {dataset}", to.bigquery, path, location_fault)


def _last(resource: str) -> str:
    return resource.rsplit("/", 1)[-1]


def check_places(cell: Cell, reader: Callable[[str, str], Read] = open_reader) -> Iterator[Finding]:
    """Ask the APIs where everything is.

    Args:
        cell: what should be there, and where.
        reader: returns what reads from an endpoint for a project.
    """
    readers: dict[str, Read] = {}
    for place in places(cell):
        if place.endpoint not in readers:
            readers[place.endpoint] = reader(place.endpoint, cell.project_id)
        try:
            fault = place.fault(readers[place.endpoint](place.path), cell.region)
        except NotThere:
            yield Finding(cell.name, CHECK, place.subject, "fails", "it does not exist")
        except NotAnswered as error:
            yield Finding(cell.name, CHECK, place.subject, "not checked", str(error))
        else:
            detail = fault or cell.region
            yield Finding(cell.name, CHECK, place.subject, "fails" if fault else "holds", detail)
