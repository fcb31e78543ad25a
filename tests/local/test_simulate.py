"""Traffic is sent over several connections, and in order for each person."""

from datetime import UTC, datetime

from functions.events.catalogue import load_catalogue
from local import simulate
from local.traffic import make_traffic

NOW = datetime(2026, 5, 11, 22, tzinfo=UTC)


def test_webhooks_of_a_person_keep_their_order_and_none_is_lost() -> None:
    plan = simulate.plan(events=500, users=20, days=2, seed=1, now=NOW)
    traffic = make_traffic(plan, load_catalogue())
    divided = simulate.lanes(traffic, 8)
    assert sum(bool(lane) for lane in divided) > 4
    assert sorted(pair[0] for lane in divided for pair in lane) == list(range(len(traffic)))
    people = [{webhook.value.get("user_id") for _, webhook in lane} for lane in divided]
    assert sum(map(len, people)) == len(set().union(*people)), "each person is in one lane"
    for lane in divided:
        assert lane == sorted(lane, key=lambda pair: pair[0])
        assert all(traffic[number] is webhook for number, webhook in lane)
