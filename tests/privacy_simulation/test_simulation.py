"""Two months of a cell in which people leave, come back, and are forgotten."""

import pytest

from tests.privacy_simulation.cell import Cell
from tests.privacy_simulation.checks import Checks
from tests.privacy_simulation.script import write
from tests.privacy_simulation.timeline import NIGHT_DAYS, Timeline, truth_of
from tests.privacy_simulation.words import DAYS
from tests.sql.stand_in import StandIn

pytestmark = pytest.mark.cell

SEED = 7


async def test_people_are_hidden_restored_and_forgotten(simulated_stand_in: StandIn) -> None:
    cell = Cell(simulated_stand_in)
    script = write(SEED)
    truth = truth_of(script)
    timeline = Timeline(script, cell, SEED)
    checks = Checks(truth, cell)
    for day in range(DAYS):
        await timeline.play(day)
        if day in NIGHT_DAYS:
            checks.events_per_day()
            checks.keys()
            # checks.speakers()
            checks.active_users()
            checks.erased()
    checks.views()
