"""A replay deletes no event that is not published, whatever fails in between."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from functions.google.storage import CONCURRENT_REQUESTS
from functions.operate.replay import Replay, ReplayReport, Selection
from tests.fakes.bucket import Bucket
from tests.fakes.clock import Clock
from tests.fakes.topic import Topic
from tests.unit.operate.conftest import Run
from tests.unit.operate.stand_ins import WRITTEN_AT, message, spilled


async def test_events_are_published_as_they_were_and_objects_deleted(
    run: Run, bucket: Bucket, topic: Topic
) -> None:
    bucket.put("spill/2026/11/22/23/a.ndjson", spilled(message(1), message(2)))
    bucket.put("spill/2026/11/23/00/b.ndjson", spilled(message(3, "2026-11-23")))
    report = await run()
    assert report == ReplayReport(objects=2, events=3, days={"2026-11-22", "2026-11-23"})
    published = sorted(topic.messages, key=lambda message: message.data)
    assert published == [message(1), message(2), message(3, "2026-11-23")]
    assert bucket.contents == {}
    assert await run() == ReplayReport()


async def test_a_dry_run_changes_nothing(run: Run, bucket: Bucket, topic: Topic) -> None:
    bucket.put("spill/a", spilled(message(1)))
    report = await run(Selection("spill/", dry_run=True))
    assert report == ReplayReport(objects=1, events=1, days={"2026-11-22"})
    assert topic.messages == []
    assert len(bucket.contents) == 1


async def test_the_selection_is_by_prefix_and_by_the_time_of_writing(
    run: Run, bucket: Bucket, topic: Topic
) -> None:
    for number in range(4):
        written_at = WRITTEN_AT + timedelta(hours=number)
        bucket.put(f"spill/{number}", spilled(message(number)), written_at)
    bucket.put("spilled-not/9", spilled(message(9)), WRITTEN_AT + timedelta(hours=1))
    start, end = WRITTEN_AT + timedelta(hours=1), WRITTEN_AT + timedelta(hours=3)
    report = await run(Selection("spill/", start, end))
    assert (report.objects, sorted(topic.ids)) == (2, ["id-1", "id-2"])
    assert sorted(bucket.contents) == ["spill/0", "spill/3", "spilled-not/9"]


@pytest.mark.parametrize(
    "content",
    [
        b"oops",
        b'{"data": "e30="}',
        b'{"data": "not base64!", "attributes": {}}',
        spilled(message(1)) + b'{"data": "e30=", "attributes": {"ingest_id": "secret-id"}}',
        spilled(message(1)) + b'{"data": "e30=", "attrib',
    ],
)
async def test_a_malformed_object_is_reported_and_kept_and_does_not_delay_others(
    run: Run,
    bucket: Bucket,
    topic: Topic,
    content: bytes,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bucket.put("spill/a", content)
    bucket.put("spill/b", spilled(message(7)))
    report = await run()
    assert report == ReplayReport(objects=1, events=1, days={"2026-11-22"}, failed=["spill/a"])
    assert (topic.ids, list(bucket.contents)) == (["id-7"], ["spill/a"])
    line = json.loads(capsys.readouterr().out)
    assert (line["severity"], line["object"], line["reason"]) == ("ERROR", "spill/a", "malformed")
    assert "secret-id" not in str(line)


async def test_events_that_pubsub_refuses_are_quarantined_and_do_not_delay_others(
    run: Run, bucket: Bucket, topic: Topic
) -> None:
    bucket.put("spill/a", spilled(*map(message, range(5))))
    topic.refused = {"id-1", "id-4"}
    bucket.failing = {"create"}
    assert (await run()).unavailable == "bucket_unavailable"
    assert list(bucket.contents) == ["spill/a"], "kept until all events are in another place"
    bucket.failing = set()
    report = await run()
    assert (report.objects, report.events, report.quarantined, report.failed) == (1, 3, 2, [])
    assert set(topic.ids) == {"id-0", "id-2", "id-3"}
    assert len(bucket.contents) == 2
    assert all(name.startswith("quarantine/not_publishable/acme/") for name in bucket.contents)

    report = await run(Selection("quarantine/"))
    assert (report.objects, len(report.failed)) == (0, 2)
    topic.refused = set()
    report = await run(Selection("quarantine/"))
    assert (report.objects, report.events) == (2, 2)
    assert set(topic.ids) == {f"id-{number}" for number in range(5)}
    assert bucket.contents == {}


async def test_while_pubsub_does_not_answer_everything_stays(
    run: Run, bucket: Bucket, topic: Topic
) -> None:
    for number in range(100):
        bucket.put(f"spill/{number:03}", spilled(message(number)))
    topic.failure = "UNAVAILABLE"
    report = await run()
    assert report == ReplayReport(remaining=100, unavailable="publish_failed")
    assert len(bucket.contents) == 100
    topic.failure = ""
    assert (await run()).objects == 100


@pytest.mark.parametrize("action", ["find", "read", "delete"])
async def test_while_the_bucket_does_not_answer_nothing_is_lost(
    run: Run, bucket: Bucket, topic: Topic, action: str
) -> None:
    for number in range(20):
        bucket.put(f"spill/{number:03}", spilled(message(number)))
    bucket.failing = {action}
    report = await run()
    assert (report.objects, report.unavailable) == (0, "bucket_unavailable")
    assert report.days == ({"2026-11-22"} if action == "delete" else set())
    bucket.failing = set()
    assert (await run()).objects == 20
    assert set(topic.ids) == {f"id-{number}" for number in range(20)}
    assert all(topic.ids.count(ingest_id) <= 2 for ingest_id in topic.ids)


async def test_time_ends_a_replay_between_objects_and_the_next_goes_on(
    run: Run, bucket: Bucket, topic: Topic, clock: Clock
) -> None:
    for number in range(100):
        bucket.put(f"spill/{number:03}", spilled(message(number)))
    topic.after = clock.passing(10)
    first = await run()
    assert 240 / 10 <= first.objects < 240 / 10 + CONCURRENT_REQUESTS
    assert first.remaining == 100 - first.objects
    assert sorted(topic.ids)[:1] == ["id-0"], "the oldest object is replayed first"
    while (await run()).remaining:
        pass
    assert sorted(topic.ids) == sorted(f"id-{number}" for number in range(100))


async def test_two_replays_at_once_publish_everything_and_nothing_else(
    replay: Replay, bucket: Bucket, topic: Topic
) -> None:
    for number in range(50):
        bucket.put(f"spill/{number:03}", spilled(message(number)))
    selection = Selection("spill/")
    reports = await asyncio.gather(replay.run(selection), replay.run(selection))
    assert {report.unavailable for report in reports} == {""}
    assert [report.failed for report in reports] == [[], []]
    assert set(topic.ids) == {f"id-{number}" for number in range(50)}
    assert bucket.contents == {}


async def test_an_object_that_was_written_again_meanwhile_stays(
    run: Run, bucket: Bucket, topic: Topic
) -> None:
    bucket.put("spill/a", spilled(message(1)))
    topic.after = lambda _: bucket.put("spill/a", spilled(message(2)))
    assert (await run()).objects == 1
    assert list(bucket.contents) == ["spill/a"]


def test_bounds_may_have_any_offset() -> None:
    summer = datetime.fromisoformat("2026-11-22T12:00:00+02:00")
    bucket = Bucket()
    bucket.put("spill/a", b"", datetime(2026, 11, 22, 10, tzinfo=UTC))
    [stored] = asyncio.run(bucket.find(""))
    assert Selection("", start=summer).selects(stored)
    assert not Selection("", end=summer).selects(stored)
