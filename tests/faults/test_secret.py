"""A secret is missing for a while.

A receiver that has read it before continues with the last value. One that has not answers 503 until
the secret is back.
"""

import pytest

from tests.faults.outcome import settle
from tests.faults.record import Record, send
from tests.faults.rig import Rig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]


@pytest.mark.parametrize("name", ["partners", "closed"])
async def test_a_missing_secret_that_was_read_before_still_serves(rig: Rig, name: str) -> None:
    known, unknown, back = (Record(f"{name}-{when}", 100) for when in ("known", "unknown", "back"))
    await send(rig, known.deliveries[:1])
    secret = rig.cell.secrets / f"{name}.json"
    hidden = secret.rename(secret.with_suffix(".gone"))
    try:
        await send(rig, known.deliveries[1:])
        assert known.statuses == {200}, "the receiver uses the last good value for a while"

        await rig.renew()
        await send(rig, unknown.deliveries)
        assert unknown.statuses == {503}, "a receiver that never read the secret refuses all"
    finally:
        hidden.rename(secret)
    await rig.let_in()
    await send(rig, back.deliveries)
    assert back.statuses == {200}
    assert await settle(rig, known) == known.sent
    assert await settle(rig, unknown) == set()
    assert await settle(rig, back) == back.sent
