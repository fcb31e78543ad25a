"""Checks that each resource of a plan is in the region of its cell.

There are two checks. The first looks at the arguments that say where a resource is; this module
lists them by name. The second looks for names of other regions in all texts of a plan.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.terraform.resources import Resource

LOCATED = {
    ("google_artifact_registry_repository", "location"),
    ("google_artifact_registry_repository_iam_member", "location"),
    ("google_bigquery_dataset", "location"),
    ("google_bigquery_job", "location"),
    ("google_bigquery_reservation", "location"),
    ("google_cloud_run_v2_service_iam_member", "location"),
    ("google_cloud_scheduler_job", "region"),
    ("google_cloudfunctions2_function", "location"),
    ("google_iap_web_cloud_run_service_iam_member", "location"),
    ("google_kms_key_ring", "location"),
    ("google_logging_project_bucket_config", "location"),
    ("google_pubsub_topic", "message_storage_policy.allowed_persistence_regions"),
    ("google_secret_manager_secret", "replication.user_managed.replicas.location"),
    ("google_storage_bucket", "location"),
}
"""Arguments that must be given, and name the cell's region."""

ELSEWHERE = {
    # Arguments that must not be set, or that do not say where data is.
    ("google_bigquery_dataset", "access.condition.location"): "a text of an IAM condition",
    (
        "google_bigquery_dataset",
        "external_catalog_dataset_options.default_storage_location_uri",
    ): None,
    ("google_bigquery_reservation", "original_primary_location"): None,
    ("google_bigquery_reservation", "primary_location"): None,
    ("google_bigquery_reservation", "replication_status"): None,
    ("google_bigquery_reservation", "secondary_location"): None,
    ("google_bigquery_table", "location"): "the same as the dataset's; Google sets it",
    (
        "google_bigquery_table",
        "external_catalog_table_options.storage_descriptor.location_uri",
    ): None,
    ("google_bigquery_table", "table_replication_info"): None,
    ("google_bigquery_table", "table_replication_info.replication_interval_ms"): None,
    ("google_cloud_scheduler_job", "time_zone"): "the time zone of the schedule",
    ("google_cloudfunctions2_function", "event_trigger.trigger_region"): None,
    ("google_secret_manager_secret", "replication"): "the block of the argument above",
    ("google_secret_manager_secret", "replication.user_managed.replicas"): "the same block",
    ("google_storage_bucket", "custom_placement_config"): None,
    ("google_storage_bucket", "custom_placement_config.data_locations"): None,
    ("google_storage_bucket", "rpo"): "only for buckets in two regions; Google sets it",
}
"""Arguments whose names sound like a location, but are not in `LOCATED`.

The value says why the argument does not matter; None means that it must not be set.
"""

LOCATION_LIKE = re.compile(
    r"location|region|zone|replica|persist|placement|^rpo$|continent|residen"
)

FENCED = {
    "google_pubsub_topic": ("message_storage_policy.enforce_in_transit", {True}),
    "google_secret_manager_secret": ("replication.auto", set[object]()),
}
"""Other arguments that decide whether data may leave the region, with their allowed values."""

REGION = re.compile(
    r"\b(?:africa|asia|australia|europe|me|northamerica|southamerica|us)-[a-z]+\d+\b"
)


def violations(
    resources: Iterable[Resource], schemas: Mapping[str, Any], regions: Mapping[str, str]
) -> Iterator[str]:
    """Yield a sentence for each argument by which data is, or might get, outside its region.

    Args:
        resources: the resources of a plan.
        schemas: ``provider_schemas`` of ``terraform providers schema -json``.
        regions: the region of each cell.
    """
    for resource in resources:
        schema = schemas[resource.provider]["resource_schemas"][resource.type]["block"]
        allowed = {regions[resource.cell]} if resource.cell else set()
        yield from _by_argument(resource, set(_paths(schema)), allowed)
        for text in _texts(resource.values):
            for region in set(REGION.findall(text)) - allowed:
                yield f"{resource.address} names {region}"


def _by_argument(resource: Resource, paths: set[str], allowed: set[str]) -> Iterator[str]:
    for path in sorted(paths):
        for fault in _faults(resource, path, allowed):
            yield f"{resource.address}: {path} {fault}"
    if resource.type in FENCED:
        path, fence = FENCED[resource.type]
        found = set(map(_plain, _at(resource.values, path.split("."))))
        if found != fence:
            yield f"{resource.address}: {path} is {found or 'not set'}"


def _faults(resource: Resource, path: str, allowed: set[str]) -> Iterator[str]:
    values = [value for value in _at(resource.values, path.split(".")) if value is not None]
    key = (resource.type, path)
    if key in LOCATED:
        yield from (f"is {value}" for value in values if value not in allowed)
        if not values:
            yield "is not set"
    elif LOCATION_LIKE.search(path.rsplit(".", 1)[-1]):
        if key not in ELSEWHERE:
            yield "may mean a place, and nobody has said that it does not"
        elif ELSEWHERE[key] is None and any(value != "" for value in values):
            yield "is set"


def _plain(value: object) -> object:
    return value if isinstance(value, bool | str) else "set"


def _paths(block: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name in block.get("attributes", {}):
        yield prefix + name
    for name, inner in block.get("block_types", {}).items():
        yield prefix + name
        yield from _paths(inner["block"], f"{prefix}{name}.")


def _at(value: object, path: list[str]) -> Iterator[object]:
    if isinstance(value, list):
        for element in value:
            yield from _at(element, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from _texts(element)
    elif isinstance(value, dict):
        for element in value.values():
            yield from _texts(element)
