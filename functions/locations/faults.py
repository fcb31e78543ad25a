"""What is wrong with where a resource is, by the API's own answer."""

from typing import Any

Answer = dict[str, Any]
"""A resource as the REST API writes it."""

EU_REGIONS = frozenset(
    {
        "europe-central2",
        "europe-north1",
        "europe-north2",
        "europe-southwest1",
        "europe-west1",
        "europe-west10",
        "europe-west12",
        "europe-west3",
        "europe-west4",
        "europe-west8",
        "europe-west9",
    }
)
"""Regions in a member state of the European Union, as ``terraform/regions.tf`` has them.

London (europe-west2) and Zürich (europe-west6) are in none; a test compares the two lists.
"""


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
    """Say where a dataset, table or bucket is, if that is not the region; buckets shout."""
    location = resource.get("location", "")
    if location.lower() != region:
        return f"is in {location or 'no location'}"
    return ""


def promise_fault(region: str) -> str:
    """Say what is wrong with the promise that a region is one of the European Union's."""
    return "" if region in EU_REGIONS else f"{region} is in no member state of the European Union"
