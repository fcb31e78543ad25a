"""The answers to senders."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from functions.acceptance import reasons
from functions.acceptance.placement import Placement
from functions.receive import answers
from functions.web.problem import MEDIA_TYPE
from tests.unit.receive.stand_ins import message

GOOD = Placement(200, "", "p")
LARGE = Placement(413, "event_too_large", None)
ELSEWHERE = Placement(421, "project_elsewhere", None)
UNKNOWN = Placement(422, "project_unknown", None)
OF_EVENTS = [
    Placement(reason.status, code, None)
    for code, reason in sorted(reasons.OF_EVENTS.items())
    if reason.of == "event"
]


def body(answer: Response) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(bytes(answer.body))
    return content


def test_the_answer_to_one_event_has_the_form_of_the_answer_to_several() -> None:
    assert body(answers.accepted_one("i")) == body(
        answers.accepted([GOOD], [message(b"", ingest_id="i")])
    )


@given(st.lists(st.sampled_from(OF_EVENTS), min_size=1, max_size=4))
def test_refused_events_of_any_statuses_have_an_answer(placements: list[Placement]) -> None:
    answer = answers.none_accepted(placements)
    statuses = [placement.status for placement in placements]
    assert answer.status_code == (422 if 422 in statuses else statuses[0])
    assert [result["status"] for result in body(answer)["results"]] == statuses


def test_each_event_has_its_result_in_its_place() -> None:
    messages = [message(b"", ingest_id="i"), message(b"", ingest_id="j")]
    assert body(answers.accepted([GOOD, LARGE, GOOD], messages)) == {
        "accepted": 2,
        "results": [
            {"status": 200, "ingest_id": "i"},
            {"status": 413, "reason": "event_too_large"},
            {"status": 200, "ingest_id": "j"},
        ],
    }


def test_a_refused_request_names_its_reason_and_field() -> None:
    refused = body(answers.refused([LARGE, UNKNOWN], 422))
    assert refused["reason"] == "project_unknown"
    assert refused["detail"] == reasons.PROJECT_UNKNOWN.detail
    assert refused["field"] == "value.project"
    assert [result["status"] for result in refused["results"]] == [413, 422]
    assert "field" not in body(answers.refused([LARGE], 413))


def test_an_event_that_is_refused_because_of_others_has_its_own_reason() -> None:
    refused = answers.refused([GOOD, ELSEWHERE], 421)
    assert body(refused)["results"][0] == {"status": 421, "reason": "refused_together"}


@pytest.mark.parametrize(
    ("answer", "status", "header"),
    [
        (answers.unauthorized(), 401, "www-authenticate"),
        (answers.unsigned(), 401, "www-authenticate"),
        (answers.not_allowed("POST", "x"), 405, "allow"),
        (answers.unavailable(reasons.QUEUE_FULL), 503, "retry-after"),
        (answers.too_large(1), 413, "content-length"),
        (answers.incomplete(), 400, "content-length"),
    ],
)
def test_an_answer_carries_the_header_of_its_status(
    answer: Response, status: int, header: str
) -> None:
    assert answer.status_code == body(answer)["status"] == status
    assert answer.headers[header]
    assert answer.media_type == MEDIA_TYPE
