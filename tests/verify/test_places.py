"""Where things are: each answer that is not the region is found, and silence is no success."""

from typing import Any

import pytest

from tests.verify.cells import a_cell
from tests.verify.fake_google import REGION, Answer, healthy, serving
from verify.deployment import Endpoints
from verify.finding import Finding
from verify.places import check_places

BUCKET = "/storage/v1/b/local-chat-eu"
STORE = "/bigquery/v2/projects/local/datasets/chat_eu_store"
TOPIC = "/v1/projects/local/topics/chat-eu-events"
SECRET = "/v1/projects/local/secrets/chat-eu-pseudonym"


def answers() -> dict[str, Answer]:
    return healthy() | {
        BUCKET: Answer(200, {"location": REGION.upper(), "locationType": "region"}),
        STORE: Answer(200, {"location": REGION}),
        "/bigquery/v2/projects/local/datasets/chat_eu": Answer(200, {"location": REGION}),
    }


def findings(given: dict[str, Answer]) -> list[Finding]:
    with serving(given) as url:
        return list(check_places(a_cell(endpoints=Endpoints(url, url, url, url))))


def test_a_cell_in_its_region_holds() -> None:
    found = findings(answers())

    assert [finding.subject for finding in found] == [
        "topic chat-eu-events",
        "topic chat-eu-dead",
        "secret chat-eu-partners",
        "secret chat-eu-pseudonym",
        "bucket local-chat-eu",
        "dataset chat_eu_store",
        "dataset chat_eu",
    ]
    assert {finding.state for finding in found} == {"holds"}


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        (BUCKET, {"location": "US"}, "is in US"),
        (BUCKET, {}, "is in no location"),
        (STORE, {"location": "EU"}, "is in EU"),
        (TOPIC, {"name": "t"}, "messages may be stored in any region"),
        (
            TOPIC,
            {"messageStoragePolicy": {"allowedPersistenceRegions": [REGION, "us-east1"]}},
            "messages may be stored in europe-west1, us-east1",
        ),
        (
            TOPIC,
            {"messageStoragePolicy": {"allowedPersistenceRegions": [REGION]}},
            "other regions may publish and subscribe (enforceInTransit is off)",
        ),
        (SECRET, {"replication": {"automatic": {}}}, "replicated to wherever Google likes"),
        (
            SECRET,
            {"replication": {"userManaged": {"replicas": [{"location": "us-east1"}]}}},
            "replicated to us-east1",
        ),
    ],
)
def test_what_is_elsewhere_is_found(path: str, body: dict[str, Any], detail: str) -> None:
    wrong = [
        finding
        for finding in findings(answers() | {path: Answer(200, body)})
        if finding.state != "holds"
    ]

    assert [(finding.state, finding.detail) for finding in wrong] == [("fails", detail)]


@pytest.mark.parametrize(
    ("answer", "state", "detail"),
    [
        (Answer(404, {}), "fails", "it does not exist"),
        (Answer(403, {}), "not checked", "HTTP 403"),
        (Answer(200, b"<html>"), "not checked", "the answer is no JSON"),
    ],
)
def test_what_the_api_does_not_say_is_no_success(answer: Answer, state: str, detail: str) -> None:
    wrong = [
        finding for finding in findings(answers() | {SECRET: answer}) if finding.state != "holds"
    ]

    assert [(finding.state, finding.detail) for finding in wrong] == [(state, detail)]


def test_an_api_that_nobody_reaches_is_no_success() -> None:
    nobody = "http://127.0.0.1:1"
    found = list(check_places(a_cell(endpoints=Endpoints(nobody, nobody, nobody, nobody))))

    assert {(finding.state, finding.detail) for finding in found} == {
        ("not checked", "ConnectionError")
    }
