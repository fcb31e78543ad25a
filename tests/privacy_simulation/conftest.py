"""A BigQuery stand-in for the simulation."""

from collections.abc import Iterator

import pytest

from tests.sql.stand_in import StandIn, running


@pytest.fixture(scope="session")
def simulated_stand_in() -> Iterator[StandIn]:
    with running() as stand_in:
        yield stand_in
