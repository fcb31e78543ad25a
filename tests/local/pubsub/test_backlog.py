from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.pubsub.backlog import Backlog, Delivery


def backlog(buried: list[Any] | None = None, **delivery: Any) -> Backlog:
    def bury(message: object, attempts: int) -> bool:
        if buried is None:
            return False
        buried.append((message, attempts))
        return True

    return Backlog(Delivery(**delivery), bury)


def test_an_acknowledged_message_is_deleted() -> None:
    messages = backlog()
    messages.put(["a", "b"])
    lease, _ = messages.take(10, now=0)
    messages.acknowledge([lease.ack_id])
    assert len(messages) == 1
    assert lease.ack_id not in messages


def test_an_expired_delivery_is_made_again_under_another_id() -> None:
    messages = backlog(ack_deadline=10)
    messages.put(["a"])
    (first,) = messages.take(10, now=0)
    assert not messages.advance(9.99)
    assert messages.take(10, now=9.99) == []
    assert messages.advance(10)
    (second,) = messages.take(10, now=10)
    assert (second.pending.attempts, second.ack_id != first.ack_id) == (2, True)
    messages.acknowledge([first.ack_id])
    assert len(messages) == 1


def test_a_deadline_can_be_moved_both_ways() -> None:
    messages = backlog(ack_deadline=10)
    messages.put(["a", "b"])
    longer, shorter = messages.take(10, now=0)
    messages.extend([longer.ack_id], 60, now=5)
    messages.extend([shorter.ack_id], 1, now=5)
    assert messages.advance(6)
    assert not messages.advance(64)
    assert messages.advance(65)


def test_a_deadline_of_zero_gives_the_message_back() -> None:
    messages = backlog()
    messages.put(["a"])
    messages.extend([messages.take(1, now=0)[0].ack_id], 0, now=0)
    assert messages.take(1, now=0)[0].pending.message == "a"


def test_the_pause_doubles_up_to_the_maximum() -> None:
    delivery = Delivery(minimum_backoff=10, maximum_backoff=600)
    assert [delivery.backoff(n) for n in (1, 2, 3, 7, 100, 5000)] == [10, 20, 40, 600, 600, 600]
    assert Delivery().backoff(3) == 0


def test_a_failed_message_waits_its_pause() -> None:
    messages = backlog(minimum_backoff=10, maximum_backoff=600)
    messages.put(["a"])
    now = 0.0
    for pause in (10, 20, 40):
        (lease,) = messages.take(1, now=now)
        messages.fail([lease.ack_id], now)
        assert not messages.advance(now + pause - 0.01)
        now += pause
        assert messages.advance(now)


def test_a_message_is_buried_after_its_last_attempt() -> None:
    buried: list[Any] = []
    messages = backlog(buried, max_attempts=2)
    messages.put(["a"])
    for _ in range(2):
        messages.fail([messages.take(1, now=0)[0].ack_id], 0)
    assert (buried, len(messages)) == ([("a", 2)], 0)


def test_a_message_that_cannot_be_buried_stays() -> None:
    messages = backlog(None, max_attempts=1)
    messages.put(["a"])
    messages.fail([messages.take(1, now=0)[0].ack_id], 0)
    assert len(messages) == 1


@given(st.lists(st.sampled_from(["put", "take", "ack", "fail", "extend", "later"]), max_size=60))
@pytest.mark.parametrize("pause", [0, 3])
def test_no_message_is_lost_or_doubled(pause: float, steps: list[str]) -> None:
    messages = backlog(ack_deadline=10, minimum_backoff=pause, maximum_backoff=pause)
    now, put, acknowledged = 0.0, 0, set()
    leases: dict[str, Any] = {}
    for step in steps:
        if step == "put":
            messages.put([put])
            put += 1
        elif step == "take":
            leases.update((lease.ack_id, lease) for lease in messages.take(2, now))
        elif step == "later":
            now += 4
            messages.advance(now)
        elif leases:
            ack_id, lease = leases.popitem()
            if step == "ack" and ack_id in messages:
                acknowledged.add(lease.pending.message)
                messages.acknowledge([ack_id])
            elif step == "fail":
                messages.fail([ack_id], now)
            elif step == "extend":
                messages.extend([ack_id], 20, now)
        assert len(messages) == put - len(acknowledged)
    now += 100
    messages.advance(now)
    messages.advance(now + pause)
    left = [lease.pending.message for lease in messages.take(1000, now)]
    assert sorted(left) == sorted(set(range(put)) - acknowledged)
