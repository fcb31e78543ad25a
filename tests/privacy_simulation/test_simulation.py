"""Two months of a cell in which people leave, come back, and are forgotten.

Sixty days pass in which 300 people use the chat, a partner is offboarded, and 40 of the people ask
to be forgotten in every way there is; 10 of them take it back. Events come late, twice, in any
order, and after replays; whoever works dies at every step once. Five times all is compared with the
truth.
"""

from datetime import datetime

import pytest

from functions.privacy.periods import RELEASED_HOLD, REMEMBERED
from tests.privacy_simulation.cell import Cell
from tests.privacy_simulation.checks import Checks
from tests.privacy_simulation.receipts import Receipts
from tests.privacy_simulation.script import PEOPLE, write
from tests.privacy_simulation.timeline import CHECK_DAYS, NIGHT_DAYS, Timeline, truth_of
from tests.privacy_simulation.words import DAY, DAYS, START, Script
from tests.sql.stand_in import StandIn

pytestmark = pytest.mark.cell

SEED = 7
NEVER_AGAIN: datetime = START + DAYS * DAY + REMEMBERED + RELEASED_HOLD


def test_the_script_has_everything_that_may_happen() -> None:
    script = write(SEED)
    assert len(script.people) == PEOPLE == 300
    assert people_of(script, restored=False) == 30
    assert people_of(script, restored=True) == 10
    assert {request.mode for request in script.requests} == {"grace", "immediate"}
    assert {request.rows for request in script.requests} == {"anonymise", "delete"}
    ways = {arrival.way for event in script.events for arrival in event.arrivals}
    assert ways == {"topic", "spill", "quarantine", "dead_letters"}
    assert len(script.holds) == 2


@pytest.mark.soak
async def test_people_are_hidden_restored_and_forgotten(simulated_stand_in: StandIn) -> None:
    cell = Cell(simulated_stand_in)
    script = write(SEED)
    truth = truth_of(script)
    timeline = Timeline(script, cell, SEED)
    checks = Checks(truth, cell)
    for day in range(DAYS):
        await timeline.play(day)
        if day in NIGHT_DAYS:
            checks.active_users()
        if day in CHECK_DAYS:
            checks.events_per_day()
            checks.keys()
            checks.speakers()
            checks.erased()
    checks.views()
    Receipts(truth, cell, timeline.erasure_ids).check()
    assert cell.crashes.died_at == cell.crashes.steps
    cell.set_time(NEVER_AGAIN)
    await cell.sweep()
    assert cell.warehouse.table("erasures_v1") == []
    assert cell.warehouse.table("holds_v1") == []
    checks.without_a_trace()


def people_of(script: Script, *, restored: bool) -> int:
    """How many people's erasures are taken back, or not."""
    return sum(
        len(request.people)
        for request in script.requests
        if (request.restored_at is not None) == restored
    )
