"""A cell whose loader tests can break; all tests share it, and it is repaired after each test."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.load_faults.rig import LoaderRig, rigged_loader


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def shared_rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoaderRig]:
    async with rigged_loader(tmp_path_factory.mktemp("load_faults")) as rig:
        yield rig


@pytest_asyncio.fixture(loop_scope="package")
async def rig(shared_rig: LoaderRig) -> AsyncIterator[LoaderRig]:
    """The cell, repaired after the test."""
    yield shared_rig
    await shared_rig.recover()
