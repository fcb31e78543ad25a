"""Finds out from the response of an API whether a resource is in the wrong place."""

from typing import Any

Answer = dict[str, Any]
"""A resource in the form of the REST API."""

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
"""Google's regions in member states of the European Union.

London (europe-west2) and Zürich (europe-west6) are not in the EU. ``terraform/regions.tf`` has the
same list; a test compares the two.
"""


def topic_fault(topic: Answer, region: str) -> str:
    """Return a text that says why messages may leave the region; empty if they cannot leave it."""
    policy = topic.get("messageStoragePolicy", {})
    regions = policy.get("allowedPersistenceRegions", [])
    if regions != [region]:
        return f"may store messages in {', '.join(regions) or 'any region'}"
    if not policy.get("enforceInTransit"):
        return "other regions may publish and subscribe (enforceInTransit is off)"
    return ""


def secret_fault(secret: Answer, region: str) -> str:
    """Return a text that says where a secret is replicated; empty if it is in the region only."""
    replicas = secret.get("replication", {}).get("userManaged", {}).get("replicas", [])
    locations = [replica.get("location", "") for replica in replicas]
    if locations != [region]:
        return f"is replicated to {', '.join(locations) or 'locations that Google chooses'}"
    return ""


def location_fault(resource: Answer, region: str) -> str:
    """Return a text that says where a resource is; empty if it is in the region.

    The resource is a dataset, a table or a bucket. The comparison ignores case, because Cloud
    Storage returns locations in capitals.
    """
    location = resource.get("location", "")
    if location.lower() != region:
        return f"is in {location or 'no location'}"
    return ""


def promise_fault(region: str) -> str:
    """Return a text that says that a region is not in the European Union; empty if it is."""
    return "" if region in EU_REGIONS else f"{region} is not in a member state of the EU"
