"""The privacy function's statements run in a reservation if the settings name one."""

import msgspec
import pytest

from functions.privacy.app import wire_limits
from functions.privacy.erasures.execution import REWRITES
from functions.privacy.settings import Settings
from functions.warehouse.statements import Reservation
from functions.web.environment import read

NAME = "projects/p/locations/europe-west1/reservations/chat-eu-erasures"


def settings(**given: str) -> Settings:
    required = {
        field.name.upper(): "false" if field.type is bool else f"/{field.name}"
        for field in msgspec.structs.fields(Settings)
        if field.required
    }
    return read(Settings, required | given)


@pytest.mark.parametrize(
    ("given", "reservation"),
    [({}, None), ({"RESERVATION": NAME}, Reservation(NAME, REWRITES))],
)
async def test_erasures_run_in_the_reservation_of_the_settings(
    given: dict[str, str], reservation: Reservation | None
) -> None:
    limits = wire_limits(settings(**given))
    assert limits.reservation == reservation
    assert not limits.stops, "an erasure must not fail because of its price"
