"""Deliveries with events of closed partners are dropped."""

from datetime import UTC, datetime

import pytest

from functions.load.delivery_filter import DeliveryFilter
from functions.load.loader import NotStored
from functions.load.tally import LoadTally
from functions.secrets.closed_partners import ClosedList, ClosedPartner
from functions.web.push import PushedMessage
from tests.fakes.closed import Closed

ENTRY = ClosedPartner(("acme-prod",), datetime(2026, 11, 22, tzinfo=UTC))


class World:
    """A loader that records the messages that reach it, behind a closed list that tests set."""

    def __init__(self) -> None:
        self.closed = Closed(ClosedList({"acme": ENTRY}))
        self.loaded: list[dict[str, str]] = []
        self.tally = LoadTally()
        self.delivery_filter = DeliveryFilter(self.closed.current, self._load, self.tally)

    async def _load(self, message: PushedMessage) -> None:
        self.loaded.append(message.attributes)

    async def load(self, **attributes: str) -> None:
        await self.delivery_filter.load(PushedMessage(b"{}", attributes))


async def test_remaining_events_of_a_closed_partner_are_dropped_and_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World()
    await world.load(partner="acme", project="acme-prod")
    await world.load(partner="acme")  # a press of the Test button
    await world.load(project="acme-prod")  # malformed, so it would be quarantined
    assert world.loaded == []
    assert world.tally.write()
    assert '"closed":3' in capsys.readouterr().out


async def test_others_are_loaded() -> None:
    world = World()
    others = [{"partner": "solo", "project": "only"}, {"project": "only"}, {}]
    for attributes in others:
        await world.load(**attributes)
    assert world.loaded == others
    assert world.tally.counts.closed == 0


async def test_nothing_is_loaded_while_the_closed_list_is_unavailable() -> None:
    world = World()
    world.closed.list = None
    with pytest.raises(NotStored, match="closed_unavailable"):
        await world.load(partner="solo", project="only")
    assert world.loaded == []
    assert world.tally.counts.refused == {"closed_unavailable": 1}


async def test_a_malformed_entry_of_the_list_holds_up_its_own_partner_only() -> None:
    world = World()
    world.closed.list = ClosedList({"acme": ENTRY}, unreadable={"odd": b"{}"})
    with pytest.raises(NotStored, match="closed_unavailable"):
        await world.load(partner="odd", project="odd")
    await world.load(partner="solo", project="only")
    assert world.loaded == [{"partner": "solo", "project": "only"}]
