"""A cell as Terraform's outputs describe it."""

from typing import Any

from functions.locations.parts import Datasets
from tests.fakes.google import REGION, SECRETS, TOPICS
from verify.deployment import Calls, Cell, Delivery, Endpoints, Urls

URLS = Urls("https://receive.example/events/t0ken", "https://receive.example/rooms/t0ken")


CALLS = Calls(
    {"privacy": "https://privacy.example"},
    {
        "projects/local/subscriptions/chat-eu-privacy": Delivery(
            "https://privacy.example/stream", 'attributes.event = "account_restored"'
        )
    },
    {f"projects/local/locations/{REGION}/jobs/chat-eu-sweep": "https://privacy.example/sweep"},
)


def a_cell(**changes: Any) -> Cell:
    values: dict[str, Any] = {
        "name": "eu",
        "region": REGION,
        "project_id": "local",
        "topics": TOPICS,
        "secrets": SECRETS,
        "buckets": ("local-chat-eu",),
        "datasets": Datasets("chat_eu_store", "chat_eu", {}),
        "endpoints": Endpoints("http://bq", "http://ps", "http://st", "http://sm", "http://sc"),
        "calls": CALLS,
        "projects": {"acme": ("acme-prod",)},
        "webhooks": {"acme": {"1": URLS}},
    }
    return Cell(**values | changes)
