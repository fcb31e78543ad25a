"""A replay acknowledges a dead letter only after its event is published."""

import json

import pytest

from functions.google.topic import Publisher, PublishFailed
from functions.operate.dead_letters import DeadLetterReplay
from tests.fakes.clock import Clock
from tests.fakes.letters import Letters
from tests.fakes.topic import Topic
from tests.unit.operate.stand_ins import message

ADDED = {
    "CloudPubSubDeadLetterSourceDeliveryCount": "100",
    "CloudPubSubDeadLetterSourceSubscription": "chat-eu-load",
}


async def test_events_are_published_as_they_were(
    dead_letters: DeadLetterReplay, letters: Letters, topic: Topic
) -> None:
    events = [message(number, day=f"2026-11-{10 + number}") for number in range(3)]
    letters.put(*events, **ADDED)
    report = await dead_letters.run(dry_run=False)
    assert topic.messages == events
    assert (report.events, report.remaining, report.failed) == (3, 0, [])
    assert report.days == {"2026-11-10", "2026-11-11", "2026-11-12"}
    assert (letters.waiting, letters.leased) == ([], [])


async def test_an_empty_pull_is_not_the_end(
    dead_letters: DeadLetterReplay, letters: Letters
) -> None:
    letters.put(message(1))
    letters.empty_pulls = 1
    assert (await dead_letters.run(dry_run=False)).events == 1


async def test_a_dry_run_counts_and_gives_back(
    dead_letters: DeadLetterReplay, letters: Letters, topic: Topic
) -> None:
    letters.put(*map(message, range(5)))
    letters.batch = 2
    report = await dead_letters.run(dry_run=True)
    assert (report.events, report.days, report.remaining) == (5, {"2026-11-22"}, 0)
    assert topic.messages == []
    assert (len(letters.waiting), letters.leased) == (5, [])
    assert all((letter.data, letter.attributes) == (b"", {}) for letter in letters.given_back)


@pytest.mark.parametrize("malformed", [False, True])
async def test_no_more_letters_are_held_than_allowed(
    letters: Letters, publisher: Publisher, clock: Clock, *, malformed: bool
) -> None:
    """A replay also holds malformed letters until its end, and then gives them back."""
    for number in range(9):
        letters.put_raw(b"{}", {} if malformed else message(number).attributes.to_mapping())
    letters.batch = 2
    few = DeadLetterReplay(letters, publisher.publish, clock=clock, seconds=240, most=5)
    report = await few.run(dry_run=not malformed)
    assert (report.events + len(report.failed), report.remaining) == (4, 2)
    assert (len(letters.waiting), letters.leased) == (9, [])
    assert len(letters.given_back) == 6


@pytest.mark.parametrize("dry_run", [False, True])
async def test_time_ends_it_and_the_report_tells_what_was_seen(
    dead_letters: DeadLetterReplay, letters: Letters, clock: Clock, *, dry_run: bool
) -> None:
    letters.put(*map(message, range(5)))
    letters.batch = 2

    def pass_time(action: str) -> None:
        clock.now += 150 if action == "pull" else 0

    letters.after = pass_time
    report = await dead_letters.run(dry_run=dry_run)
    assert (report.events, report.remaining) == (2, 2)
    assert (len(letters.waiting), letters.leased) == (5 if dry_run else 3, [])


async def test_letters_that_are_not_published_are_given_back(
    dead_letters: DeadLetterReplay, letters: Letters, topic: Topic
) -> None:
    letters.put(message(1), message(2))
    topic.failure = "UNAVAILABLE"
    report = await dead_letters.run(dry_run=False)
    assert (report.unavailable, report.events, report.remaining) == ("publish_failed", 0, 2)
    assert (len(letters.waiting), letters.leased) == (2, [])


async def test_a_refused_letter_affects_no_other(
    dead_letters: DeadLetterReplay,
    letters: Letters,
    topic: Topic,
    capsys: pytest.CaptureFixture[str],
) -> None:
    letters.put(*map(message, range(5)))
    topic.refused = {"id-3"}
    report = await dead_letters.run(dry_run=False)
    assert (report.events, report.failed) == (4, ["message-3"])
    assert sorted(topic.ids) == ["id-0", "id-1", "id-2", "id-4"]
    assert [letter.message_id for letter in letters.waiting] == ["message-3"]
    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["reason"]) == ("dead letter not replayed", "not_publishable")


async def test_a_failure_after_a_refusal_loses_nothing(
    dead_letters: DeadLetterReplay, letters: Letters, topic: Topic
) -> None:
    letters.put(*map(message, range(4)))
    topic.refused = {"id-3"}

    def fail(action: str) -> None:
        raise PublishFailed("UNAVAILABLE")

    topic.after = fail
    report = await dead_letters.run(dry_run=False)
    assert report.unavailable == "publish_failed"
    assert (len(letters.waiting), letters.leased) == (4, [])


@pytest.mark.parametrize("action", ["pull", "acknowledge", "give_back"])
async def test_a_subscription_that_does_not_answer_is_reported(
    dead_letters: DeadLetterReplay, letters: Letters, topic: Topic, action: str
) -> None:
    letters.put(message(1))
    letters.failing = {action}
    report = await dead_letters.run(dry_run=False)
    assert report.unavailable == ("" if action == "give_back" else "subscription_unavailable")
    assert (topic.ids == []) == (action == "pull")
    assert report.days == (set() if action == "pull" else {"2026-11-22"})


async def test_a_letter_that_is_not_an_event_is_reported_and_stays(
    dead_letters: DeadLetterReplay, letters: Letters, topic: Topic
) -> None:
    letters.put_raw(b"?", {"ingest_id": "id-1"})
    letters.put(message(2))
    letters.put_raw(b"?", message(3).attributes.to_mapping() | {"received_at": "yesterday"})
    report = await dead_letters.run(dry_run=False)
    assert (report.events, report.failed) == (1, ["message-0", "message-2"])
    assert topic.ids == ["id-2"]
    assert [letter.message_id for letter in letters.waiting] == ["message-0", "message-2"]
