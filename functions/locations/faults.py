"""Finds out from an API's answer whether a resource is in the wrong place."""

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
"""Regions in a member state of the European Union; the same list as in ``terraform/regions.tf``.

London (europe-west2) and Zürich (europe-west6) are not in the EU. A test compares the two lists.
"""


def topic_fault(topic: Answer, region: str) -> str:
    """Describe the fault if a topic's messages may leave the region; empty if they stay in it."""
    policy = topic.get("messageStoragePolicy", {})
    regions = policy.get("allowedPersistenceRegions", [])
    if regions != [region]:
        return f"may store messages in {', '.join(regions) or 'any region'}"
    if not policy.get("enforceInTransit"):
        return "other regions may publish and subscribe (enforceInTransit is off)"
    return ""


def secret_fault(secret: Answer, region: str) -> str:
    """Describe the fault if a secret is not stored in the region alone; empty if it is."""
    replicas = secret.get("replication", {}).get("userManaged", {}).get("replicas", [])
    locations = [replica.get("location", "") for replica in replicas]
    if locations != [region]:
        return f"is replicated to {', '.join(locations) or 'locations that Google chooses'}"
    return ""


def location_fault(resource: Answer, region: str) -> str:
    """Describe the fault if a dataset, table or bucket is not in the region; empty if it is.

    The comparison ignores case, because Cloud Storage returns locations in capitals.
    """
    location = resource.get("location", "")
    if location.lower() != region:
        return f"is in {location or 'no location'}"
    return ""


def promise_fault(region: str) -> str:
    """Describe the fault if a region is outside the European Union; empty if it is inside."""
    return "" if region in EU_REGIONS else f"{region} is not in a member state of the EU"
