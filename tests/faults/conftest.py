"""A cell whose parts tests can break; all tests share it, and it is repaired after each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.rig import Rig, rigged_cell


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def shared_rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    folder: Path = tmp_path_factory.mktemp("faults")
    async with rigged_cell(folder) as rig:
        yield rig


@pytest_asyncio.fixture(loop_scope="package")
async def rig(shared_rig: Rig) -> AsyncIterator[Rig]:
    """The cell, repaired after the test, and with a fresh receiver."""
    yield shared_rig
    logged = shared_rig.logged()
    await shared_rig.recover()
    await shared_rig.renew()
    assert shared_rig.cell.token not in logged, "servers must not log paths, which have tokens"
