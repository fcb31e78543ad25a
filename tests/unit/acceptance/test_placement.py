"""An event is placed by its project, its size and the cell."""

import pytest

from functions.acceptance.body import ReceivedEvent
from functions.acceptance.partners import Partner
from functions.acceptance.placement import Placement, place
from functions.acceptance.reasons import OF_EVENTS

ONE = Partner(("0" * 64,), {"only": "eu"})
ELSEWHERE = Partner(("0" * 64,), {"only": "us"})
SEVERAL = Partner(("0" * 64,), {"prod": "eu", "dev": "eu", "us": "us"})


@pytest.mark.parametrize(
    ("partner", "name", "project", "expected"),
    [
        (SEVERAL, "e", "prod", (200, "", "prod")),
        (SEVERAL, "e", "us", (421, "project_elsewhere", None)),
        (SEVERAL, "e", "only", (422, "project_unknown", None)),
        (SEVERAL, "e", "PROD", (422, "project_unknown", None)),
        (SEVERAL, "e", "", (422, "project_unknown", None)),
        (SEVERAL, "e", None, (422, "project_missing", None)),
        (SEVERAL, None, None, (200, "", None)),
        (SEVERAL, None, "dev", (200, "", "dev")),
        (SEVERAL, None, "x", (422, "project_unknown", None)),
        (ONE, "e", None, (200, "", "only")),
        (ONE, None, None, (200, "", "only")),
        (ONE, "e", "", (422, "project_unknown", None)),
        (ELSEWHERE, "e", None, (421, "project_elsewhere", None)),
    ],
)
def test_an_event_is_placed_by_its_project(
    partner: Partner, name: str | None, project: str | None, expected: tuple[int, str, str | None]
) -> None:
    event = ReceivedEvent(b"{}", name, project, is_test=name is None)
    placement = place(event, partner, "eu", 2)
    assert placement == Placement(*expected)
    assert expected[1] in {"", *OF_EVENTS}


@pytest.mark.parametrize(
    ("project", "status"), [("prod", 413), ("us", 421), ("x", 413), ("", 413), (None, 413)]
)
def test_the_cell_is_checked_before_the_size_so_that_events_of_other_cells_are_not_kept(
    project: str | None, status: int
) -> None:
    assert place(ReceivedEvent(b"123", "e", project), SEVERAL, "eu", 2).status == status


@pytest.mark.parametrize("partner", [ONE, SEVERAL])
def test_a_test_delivery_may_be_as_large_as_an_event(partner: Partner) -> None:
    event = ReceivedEvent(b"123", None, None, is_test=True)
    assert place(event, partner, "eu", 3).status == 200
    assert place(event, partner, "eu", 2) == Placement(413, "event_too_large", None)
