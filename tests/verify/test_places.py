"""Results about locations become findings of `make verify`."""

from tests.fakes.google import SECRETS, Answer, healthy, serving
from tests.verify.cells import a_cell
from verify.deployment import Endpoints
from verify.finding import Finding
from verify.places import CHECK, check_places


def findings(answers: dict[str, Answer]) -> dict[str, Finding]:
    with serving(answers) as at:
        cell = a_cell(endpoints=Endpoints(at.rest, at.grpc, at.rest, at.rest, at.rest))
        return {finding.subject: finding for finding in check_places(cell)}


def test_places_hold_fail_or_are_not_checked() -> None:
    changed = {f"/v1/{SECRETS[0]}": Answer(403, {}), f"/v1/{SECRETS[1]}": Answer(404, {})}
    by_subject = findings(healthy() | changed)

    assert list(by_subject) == [
        "topic chat-eu-events",
        "topic chat-eu-dead",
        "secret chat-eu-partners",
        "secret chat-eu-pseudonym",
        "bucket local-chat-eu",
        "dataset chat_eu_store",
        "dataset chat_eu",
    ]
    not_checked, fails = (
        by_subject.pop("secret chat-eu-partners"),
        by_subject.pop("secret chat-eu-pseudonym"),
    )
    assert not_checked == Finding("eu", CHECK, "secret chat-eu-partners", "not checked", "HTTP 403")
    assert (fails.state, fails.detail) == ("fails", "it does not exist")
    assert {(finding.state, finding.detail) for finding in by_subject.values()} == {
        ("holds", "europe-west1")
    }
