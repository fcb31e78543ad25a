"""A cell has its own BigQuery slots for erasures only if `erasure_slots` asks for them."""

from typing import Any

import pytest

from local.bigquery_reservations import FORM
from tests.terraform.resources import of_type

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

NAME = "projects/acme-chat-prod/locations/europe-west1/reservations/chat-eu-erasures"


def test_slots_are_paid_only_while_an_erasure_is_executed(full_plan: dict[str, Any]) -> None:
    [slots] = of_type(full_plan["planned_values"], "google_bigquery_reservation")

    assert slots.cell == "eu"
    assert (slots.values["slot_capacity"], slots.values["autoscale"][0]["max_slots"]) == (0, 200)
    assert slots.values["edition"] == "ENTERPRISE", "Standard cannot read what `cmek` encrypted"
    assert not list(of_type(full_plan["planned_values"], "google_bigquery_reservation_assignment"))


def test_only_privacy_knows_the_slots_and_may_use_them(full_plan: dict[str, Any]) -> None:
    named = {
        found.values["name"]: config["environment_variables"]["RESERVATION"]
        for found in of_type(full_plan["planned_values"], "google_cloudfunctions2_function")
        for config in found.values["service_config"]
        if "RESERVATION" in config["environment_variables"]
    }
    [slots] = of_type(full_plan["planned_values"], "google_bigquery_reservation")
    granted = [
        found.cell
        for found in of_type(full_plan["planned_values"], "google_project_iam_member")
        if found.name == "reserve"
    ]

    assert named == {"chat-eu-privacy": NAME, "chat-us-privacy": ""}
    assert FORM.fullmatch(NAME)
    assert NAME.endswith(f"/{slots.values['location']}/reservations/{slots.values['name']}")
    assert granted == ["eu"]


def test_the_api_of_reservations_is_enabled_for_them(full_plan: dict[str, Any]) -> None:
    enabled = {
        found.values["service"]
        for found in of_type(full_plan["planned_values"], "google_project_service")
    }

    assert "bigqueryreservation.googleapis.com" in enabled
