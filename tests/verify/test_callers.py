"""`make verify` finds subscriptions and jobs that were changed or stopped, or do not exist."""

from typing import Any

import pytest

from tests.fakes.google import REGION, Answer, serving
from tests.verify.cells import a_cell
from verify.callers import check_jobs, check_subscriptions
from verify.deployment import Endpoints
from verify.finding import Finding

SUBSCRIPTION = "projects/local/subscriptions/chat-eu-privacy"
JOB = f"projects/local/locations/{REGION}/jobs/chat-eu-sweep"
PUSHING: dict[str, Any] = {
    "name": SUBSCRIPTION,
    "filter": 'attributes.event = "account_restored"',
    "pushConfig": {"pushEndpoint": "https://privacy.example/stream"},
    "state": "ACTIVE",
}
ENABLED: dict[str, Any] = {
    "name": JOB,
    "state": "ENABLED",
    "httpTarget": {"uri": "https://privacy.example/sweep"},
    "lastAttemptTime": "2026-11-22T14:20:00Z",
    "status": {},
}


def findings(subscription: Answer, job: Answer) -> list[Finding]:
    with serving({f"/v1/{SUBSCRIPTION}": subscription, f"/v1/{JOB}": job}) as at:
        cell = a_cell(endpoints=Endpoints(at.rest, at.grpc, at.rest, at.rest, at.rest))
        return [*check_subscriptions(cell), *check_jobs(cell)]


def test_correct_subscriptions_and_jobs_hold() -> None:
    subscription, job = findings(Answer(200, PUSHING), Answer(200, ENABLED))

    assert (subscription.subject, subscription.state) == ("subscription chat-eu-privacy", "holds")
    assert (job.subject, job.state) == ("job chat-eu-sweep", "holds")
    assert job.detail == "ran last at 2026-11-22T14:20:00Z"


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"filter": ""}, "its filter is none"),
        ({"pushConfig": {"pushEndpoint": "https://x.example/"}}, "pushes to https://x.example/"),
        ({"pushConfig": {}}, "pushes to no URL"),
        ({"state": "RESOURCE_ERROR"}, "Pub/Sub cannot push: RESOURCE_ERROR"),
    ],
)
def test_a_subscription_that_was_changed_fails(change: dict[str, Any], detail: str) -> None:
    finding, _ = findings(Answer(200, PUSHING | change), Answer(200, ENABLED))

    assert (finding.state, finding.detail) == ("fails", detail)


@pytest.mark.parametrize(
    ("change", "state", "detail"),
    [
        ({"state": "PAUSED"}, "fails", "is PAUSED"),
        ({"httpTarget": {"uri": "https://x.example/"}}, "fails", "calls https://x.example/"),
        ({"status": {"code": 14}}, "fails", "the last call ended with code 14"),
        ({"lastAttemptTime": None}, "holds", "has not run yet"),
    ],
)
def test_a_job_that_does_not_run_fails(change: dict[str, Any], state: str, detail: str) -> None:
    _, finding = findings(Answer(200, PUSHING), Answer(200, ENABLED | change))

    assert (finding.state, finding.detail) == (state, detail)


@pytest.mark.parametrize(("status", "state"), [(404, "fails"), (403, "not checked")])
def test_an_answer_without_the_facts_is_not_a_success(status: int, state: str) -> None:
    results = findings(Answer(status, {}), Answer(status, {}))

    assert [finding.state for finding in results] == [state, state]
