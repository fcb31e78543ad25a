"""The deployments that the tests plan."""

from typing import Any

PROJECT = "acme-chat-prod"

SMALL: dict[str, Any] = {
    "project_id": PROJECT,
    "cells": {"eu": {"region": "europe-west1"}},
    "partners": {"acme": {"projects": {"acme-prod": {"cell": "eu"}}}},
}
"""One cell with defaults."""

FULL: dict[str, Any] = {
    "project_id": PROJECT,
    "cells": {
        "eu": {
            "region": "europe-west1",
            "cmek": True,
            "readers": ["analysts@acme.example"],
            "operators": ["operators@acme.example"],
            "viewers": ["olga@operator.example"],
            "privacy_callers": ["Dpo@operator.example"],
            "iap": True,
            "erasure_slots": 200,
        },
        "us": {"region": "us-central1", "gdpr": False},
    },
    "partners": {
        "acme": {
            "projects": {"acme-prod": {"cell": "eu"}, "acme-us": {"cell": "us", "gdpr": False}},
            "readers": ["team@acme.example"],
            "viewers": ["Ann@acme.example"],
            "privacy_callers": {
                "backend@acme.iam.gserviceaccount.com": [],
                "Lea@acme.example": ["acme-us"],
            },
            "subscriptions": {
                "rewards": {
                    "cell": "eu",
                    "endpoint": "https://rewards.acme.example/",
                    "country": "DE",
                    "events": ["message_sent"],
                }
            },
        }
    },
    "alert_emails": ["operators@acme.example"],
    "budget": {"billing_account": "000000-111111-222222", "amount": 100},
    "query_quota_tib_per_user_per_day": 600,
}
"""A cell that uses every variable, and a second cell outside the European Union."""

REGIONS = {"eu": "europe-west1", "us": "us-central1"}

KEYED: dict[str, Any] = {
    "project_id": PROJECT,
    "cells": {
        "eu": {"region": "europe-west1", "cmek": True, "operators": ["operators@acme.example"]},
        "us": {"region": "us-central1", "gdpr": False},
    },
    "partners": {
        "acme": {
            "projects": {"acme-prod": {"cell": "eu"}, "acme-us": {"cell": "us", "gdpr": False}},
            "viewers": ["ann@acme.example"],
            "privacy_callers": {"lea@acme.example": []},
        }
    },
}
"""Two cells, one with its own key; all other variables have their defaults."""
