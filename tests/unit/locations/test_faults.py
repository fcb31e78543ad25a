"""The code and Terraform have the same list of regions in the European Union."""

import re
from pathlib import Path

from functions.locations.faults import EU_REGIONS, promise_fault

REGIONS = Path(__file__).parents[3] / "terraform" / "regions.tf"


def test_the_regions_of_the_european_union_are_those_of_terraform() -> None:
    listed = re.findall(
        r"^ {4}([a-z]+-[a-z]+\d+) += \{ eu = true", REGIONS.read_text(), re.MULTILINE
    )

    assert len(listed) == REGIONS.read_text().count("eu = true")
    assert set(listed) == EU_REGIONS


def test_a_region_outside_breaks_the_promise() -> None:
    assert promise_fault("europe-west1") == ""
    assert "europe-west2 is not in a member state" in promise_fault("europe-west2")
