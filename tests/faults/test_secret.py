"""A secret is gone, then back: nobody is let in, and nobody is locked out for long."""

import pytest

from tests.faults.outcome import settle
from tests.faults.record import Record, send
from tests.faults.rig import Rig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]


@pytest.mark.parametrize("name", ["partners", "closed"])
async def test_gone_while_it_is_known(rig: Rig, name: str) -> None:
    known, unknown, back = (Record(f"{name}-{when}", 100) for when in ("known", "unknown", "back"))
    await send(rig, known.deliveries[:1])
    secret = rig.cell.secrets / f"{name}.json"
    hidden = secret.rename(secret.with_suffix(".gone"))
    try:
        await send(rig, known.deliveries[1:])
        assert known.statuses == {200}, "the last good value serves for a while"

        await rig.renew()
        await send(rig, unknown.deliveries)
        assert unknown.statuses == {503}, "an instance that never read it lets nobody in"
    finally:
        hidden.rename(secret)
    await rig.let_in()
    await send(rig, back.deliveries)
    assert back.statuses == {200}
    assert await settle(rig, known) == known.sent
    assert await settle(rig, unknown) == set()
    assert await settle(rig, back) == back.sent
