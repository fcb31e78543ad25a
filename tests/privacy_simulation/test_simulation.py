"""A simulation of two months of a cell, in which people are hidden, restored and erased.

During sixty days, 300 people use the chat, and a partner is offboarded. Forty of the people ask for
an erasure, in all possible ways, and 10 of them are restored. Events come late, twice, in any order
and after replays. Jobs die once after each kind of step. At five checkpoints, the cell is compared
with the truth.
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
    """Return the number of people whose erasures are taken back, or of the others."""
    return sum(
        len(request.people)
        for request in script.requests
        if (request.restored_at is not None) == restored
    )
