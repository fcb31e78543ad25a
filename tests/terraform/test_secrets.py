"""A list of people that one secret cannot hold is refused at plan, not at apply."""

from typing import Any

import pytest

from tests.terraform.scenarios import SMALL
from tests.terraform.workspace import Workspace

pytestmark = pytest.mark.terraform

SECRET_BYTES = 65_536
"""https://cloud.google.com/secret-manager/quotas"""


def addresses(letter: str, size: int) -> list[str]:
    """Return addresses that fill `size` bytes of JSON; `letter` may have several bytes in UTF-8."""
    viewers = [f"{letter * 20}{number:05}@acme.example" for number in range(size)]
    return viewers[: size // len(f'"{viewers[0]}",'.encode())]


def asked(size: int) -> dict[str, Any]:
    people = {"viewers": addresses("\u00e9", size), "privacy_callers": addresses("a", size)}
    return SMALL | {"cells": {"eu": SMALL["cells"]["eu"] | people}}


@pytest.mark.soak
def test_a_list_of_people_that_is_too_long_for_a_secret_is_refused(few_views: Workspace) -> None:
    secret = 'module.cell["eu"].google_secret_manager_secret_version'
    targets = (f"-target={secret}.viewers", f"-target={secret}.callers")

    said = few_views.refused(asked(SECRET_BYTES + 100), *targets)

    assert "Too many viewers in the cell eu" in said
    assert "Too many privacy_callers in the cell eu" in said
    few_views.plan(asked(SECRET_BYTES - 1_000), *targets)
