"""A cell as Terraform's outputs describe it."""

from typing import Any

from functions.locations.parts import Datasets, Endpoints
from tests.fake_google import REGION, SECRETS, TOPICS
from verify.deployment import Cell, Urls

URLS = Urls("https://receive.example/events/t0ken", "https://receive.example/rooms/t0ken")


def a_cell(**changes: Any) -> Cell:
    values: dict[str, Any] = {
        "name": "eu",
        "region": REGION,
        "project_id": "local",
        "topics": TOPICS,
        "secrets": SECRETS,
        "buckets": ("local-chat-eu",),
        "datasets": Datasets("chat_eu_store", "chat_eu", {}),
        "endpoints": Endpoints("http://bq", "http://ps", "http://st", "http://sm"),
        "projects": {"acme": ("acme-prod",)},
        "webhooks": {"acme": {"1": URLS}},
    }
    return Cell(**values | changes)
