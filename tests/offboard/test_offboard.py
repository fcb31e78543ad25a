"""`make offboard` with privacy functions whose answers tests choose."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from offboard import __main__ as command
from offboard import cell as cells

OPEN = {
    "partner": "acme",
    "state": "open",
    "projects": ["acme-prod"],
    "would_delete": {"events_v1": 5},
    "on_hold": {},
    "confirm": "code",
}
DELETING = {"partner": "acme", "state": "deleting", "settled_at": "2026-01-01T00:00:00+00:00"}
CERTIFICATE = {"on_hold": {}, "to_do": ["Take the partner out of `partners`."]}
DELETED = {"state": "deleted", "deleted": {"events_v1": 5}, "certificate": CERTIFICATE}
HELD = {"state": "on_hold", "certificate": {"on_hold": {"events_v1": 1}, "to_do": []}}
NOTHING = {"title": "There is no such partner here", "status": 404, "state": "nothing"}
LATER = {"title": "Not finished: StatementFailed", "status": 503}

CLIENT = httpx.Client
Said = tuple[int, dict[str, Any]]


class Functions:
    """The privacy functions of cells; each gives its answers in order, and repeats the last one."""

    def __init__(self, **answers: list[Said]) -> None:
        self.answers = answers
        self.requests: list[tuple[str, dict[str, Any], str]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host
        assert (request.method, request.url.path) == ("POST", "/offboardings")
        sent = json.loads(request.content)
        self.requests.append((name, sent, request.headers.get("authorization", "")))
        answers = self.answers[name]
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        return httpx.Response(status, json=body)

    def confirmed(self) -> set[str]:
        return {name for name, sent, _ in self.requests if sent.get("confirm")}


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    def invoke(
        functions: Functions, *options: str, typed: str = "", scheme: str = "http"
    ) -> Result:
        urls = {name: f"{scheme}://{name}" for name in functions.answers}
        outputs = tmp_path / "outputs.json"
        outputs.write_text(json.dumps({"privacy_urls": {"value": urls}, "other": {"value": 1}}))
        transport = httpx.MockTransport(functions.answer)
        monkeypatch.setattr(httpx, "Client", lambda: CLIENT(transport=transport))
        monkeypatch.setattr(cells, "PAUSE_SECONDS", 0.0)
        return CliRunner().invoke(
            command.main, ["acme", "--outputs", str(outputs), *options], input=typed
        )

    return invoke


def test_every_cell_is_asked_confirmed_and_waited_for(run: Run) -> None:
    functions = Functions(
        asia=[(404, NOTHING)],
        eu=[(202, OPEN), (202, DELETING), (503, LATER), (202, DELETING), (200, DELETED)],
        us=[(202, OPEN), (200, DELETED)],
    )
    done = run(functions, "--json", typed="acme\n")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert {name: cell["state"] for name, cell in report["cells"].items()} == {
        "asia": "nothing",
        "eu": "deleted",
        "us": "deleted",
    }
    assert report["cells"]["eu"]["answer"]["certificate"] == CERTIFICATE
    assert functions.confirmed() == {"eu", "us"}
    assert "5 events_v1" in done.stderr
    assert "Take the partner out" in done.stderr


@pytest.mark.parametrize("typed", ["acm\n", "\n\nx\n"])
def test_without_the_partners_name_nothing_is_confirmed(run: Run, typed: str) -> None:
    functions = Functions(eu=[(202, OPEN)])
    done = run(functions, typed=typed)
    assert (done.exit_code, functions.confirmed()) == (1, set())
    assert "no cell was closed" in done.output


def test_with_yes_the_command_does_not_ask(run: Run) -> None:
    functions = Functions(eu=[(202, OPEN), (200, DELETED)])
    assert run(functions, "--yes").exit_code == 0


@pytest.mark.parametrize(
    "failing",
    [
        (403, {"title": "Only someone in the cell's `privacy_callers` may do this"}),
        (404, {"title": "Not found", "status": 404}),
        (503, LATER),
        (200, {"state": "deleted"}),
        (200, {"state": "else"}),
        (200, {}),
    ],
)
def test_if_one_cell_does_not_answer_the_partner_is_closed_in_none(run: Run, failing: Said) -> None:
    functions = Functions(eu=[failing], us=[(202, OPEN)])
    done = run(functions, "--yes", "--json")
    assert (done.exit_code, functions.confirmed()) == (1, set())
    assert json.loads(done.stdout)["cells"]["eu"]["reason"]


def test_a_code_that_is_too_old_fails(run: Run) -> None:
    expired = (409, {"title": "`confirm` is not valid, or not any more"})
    done = run(Functions(eu=[(202, OPEN), expired]), "--yes")
    assert done.exit_code == 1
    assert "not any more" in done.output


def test_a_code_is_sent_again_if_its_answer_was_lost(run: Run) -> None:
    functions = Functions(eu=[(202, OPEN), (503, LATER), (200, DELETED)])
    assert run(functions, "--yes").exit_code == 0
    assert [sent.get("confirm") for _, sent, _ in functions.requests] == [None, "code", "code"]


def test_an_offboarding_that_takes_longer_or_has_holds_goes_on_by_itself(run: Run) -> None:
    functions = Functions(eu=[(202, DELETING)], us=[(202, HELD)])
    done = run(functions, "--within", "0", "--json")
    assert done.exit_code == 3
    states = {name: cell["state"] for name, cell in json.loads(done.stdout)["cells"].items()}
    assert states == {"eu": "deleting", "us": "on_hold"}
    assert functions.confirmed() == set(), "the partner was closed before"


def test_a_cell_that_is_not_known_to_be_closed_in_time_has_failed(run: Run) -> None:
    functions = Functions(eu=[(202, OPEN), (503, LATER)], us=[(202, OPEN), (200, DELETED)])
    done = run(functions, "--yes", "--within", "0", "--json")
    assert done.exit_code == 1
    eu = json.loads(done.stdout)["cells"]["eu"]
    assert (eu["state"], eu["reason"]) == ("failed", "HTTP 503 Not finished: StatementFailed")


def test_under_a_hold_the_command_does_not_say_to_remove_the_partner(run: Run) -> None:
    to_do = ["Leave the partner in `partners`."]
    held = HELD | {"certificate": {"on_hold": {"on_hold/": 1}, "to_do": to_do}}
    done = run(Functions(eu=[(202, OPEN), (202, held)], us=[(202, OPEN), (200, DELETED)]), "--yes")
    assert "- Leave the partner in" in done.stderr
    assert "Take the partner out" not in done.stderr


def test_a_function_over_https_is_called_as_the_person_who_is_signed_in(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    nobody = run(Functions(eu=[(202, OPEN)]), "--yes", scheme="https")
    assert nobody.exit_code == 1
    assert "gcloud auth login" in nobody.output
    monkeypatch.setenv("IDENTITY_TOKEN", "t0ken")
    functions = Functions(eu=[(200, DELETED)])
    done = run(functions, "--yes", scheme="https")
    assert done.exit_code == 0
    assert {token for _, _, token in functions.requests} == {"Bearer t0ken"}
    assert "t0ken" not in done.output


def test_outputs_of_something_else_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    file.write_text("{}")
    done = CliRunner().invoke(command.main, ["acme", "--outputs", str(file)])
    assert done.exit_code == 1
    assert "no privacy functions" in done.output
