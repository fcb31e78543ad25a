"""A secret is missing or malformed for a while.

A receiver that has read it before continues with the last value. One that has not answers 503 until
the secret is right again.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cell.running import PATIENCE_SECONDS
from tests.faults.another import OTHER, another_partner, post_event
from tests.faults.outcome import settle
from tests.faults.record import Record, send
from tests.faults.rig import Rig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]

RUBBISH = b'\xff{"partners": "rubbish'


@contextmanager
def replaced(secret: Path, content: bytes) -> Iterator[None]:
    """Give a secret another content while the context is open."""
    before = secret.read_bytes()
    secret.write_bytes(content)
    try:
        yield
    finally:
        secret.write_bytes(before)


@contextmanager
def missing(secret: Path) -> Iterator[None]:
    """Take a secret away while the context is open."""
    hidden = secret.rename(secret.with_suffix(".gone"))
    try:
        yield
    finally:
        hidden.rename(secret)


@pytest.mark.parametrize("name", ["partners", "closed", "rubbish"])
async def test_a_missing_or_malformed_secret_that_was_read_before_still_serves(
    rig: Rig, name: str
) -> None:
    known, unknown, back = (Record(f"{name}-{when}", 100) for when in ("known", "unknown", "back"))
    await send(rig, known.deliveries[:1])
    with ExitStack() as faults:
        if name == "rubbish":
            for secret in ("partners", "closed"):
                faults.enter_context(replaced(rig.cell.secrets / f"{secret}.json", RUBBISH))
        else:
            faults.enter_context(missing(rig.cell.secrets / f"{name}.json"))
        await send(rig, known.deliveries[1:])
        assert known.statuses == {200}, "the receiver uses the last good value for a while"

        await rig.renew()
        await send(rig, unknown.deliveries)
        assert unknown.statuses == {503}, "a receiver that never read the secret refuses all"
        assert "secret not read" in rig.logged()
    await rig.let_in()
    await send(rig, back.deliveries)
    assert back.statuses == {200}
    assert await settle(rig, known) == known.sent
    assert await settle(rig, unknown) == set()
    assert await settle(rig, back) == back.sent
    assert RUBBISH.decode(errors="replace") not in rig.logged()


async def test_a_malformed_record_affects_its_partner_only(rig: Rig) -> None:
    async with another_partner(rig) as url:
        assert (await post_event(url, "first")).status_code == 200
        for name in ("partners", "closed"):
            record = Record(f"unharmed-{name}", 50)
            secret = rig.cell.secrets / f"{name}.json"
            content = json.loads(secret.read_bytes())
            content["partners"].setdefault(OTHER, {})["projects"] = "rubbish"
            with replaced(secret, json.dumps(content).encode()):
                await rig.renew()
                await send(rig, record.deliveries)
                refused = await post_event(url, "harmed")
            assert record.statuses == {200}
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
            assert f'"partner record faulty","partner":"{OTHER}"' in rig.logged()
            assert await settle(rig, record) == record.sent
        await rig.renew()
        assert (await post_event(url, "last")).status_code == 200


@pytest.mark.parametrize(
    ("name", "part", "path"),
    [("viewers", "dashboard_proxy", "/"), ("callers", "privacy_proxy", "/erasures")],
)
async def test_malformed_permissions_admit_no_caller(
    rig: Rig, name: str, part: str, path: str
) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        url = f"{rig.cell.url(part)}{path}"
        assert (await client.get(url)).status_code == 200
        with replaced(rig.cell.secrets / f"{name}.json", RUBBISH):
            refused = await client.get(url)
        assert refused.status_code == 503
        assert "rubbish" not in refused.text
        assert (await client.get(url)).status_code == 200
