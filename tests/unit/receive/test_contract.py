"""The documents for senders agree with the code: statuses, reasons, headers and limits."""

import ast
import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import yaml
from standardwebhooks import Webhook

from functions.acceptance import reasons
from functions.acceptance.reasons import REASONS, Reason
from functions.acceptance.signature import SigningKey, verify
from functions.receive import answers
from functions.receive.request import HEALTH, WEBHOOKS
from functions.receive.settings import Settings
from tests.unit.headers import encoded

ROOT = Path(__file__).parents[3]
CONTRACT = (ROOT / "docs" / "webhook-contract.md").read_text()
OPENAPI = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
RESPONSES = OPENAPI["components"]["responses"]
SOURCES = [
    ast.parse(path.read_text())
    for package in ("receive", "acceptance")
    for path in (ROOT / "functions" / package).glob("*.py")
]


IN_CODE = {(reason.status, reason.code) for reason in REASONS}


def test_every_status_is_declared_with_its_reasons() -> None:
    assert {reason for _, reason in IN_CODE} >= reasons.OF_EVENTS.keys()
    assert {status for status, _ in IN_CODE} == {
        *(400, 401, 404, 405, 408, 413, 415, 421, 422, 429, 503)
    }
    assert len(IN_CODE) == len(REASONS)


def test_every_reason_is_answered() -> None:
    used = {
        node.attr
        for tree in SOURCES
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "reasons"
    }
    assert used - {"OF_EVENTS"} == {
        name for name, value in vars(reasons).items() if isinstance(value, Reason)
    }


def undeclared() -> Iterator[str]:
    """Yield each status and reason in the source that the list of reasons does not declare."""
    for tree in SOURCES:
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Name(id=name) | ast.Attribute(attr=name),
                    args=[ast.Constant(value=int()), ast.Constant(value=str(reason)), *_],
                ) if name in {"webhook_problem", "Placement"} and reason:
                    yield reason
                case ast.Dict():
                    constants = {
                        key.value: ast.unparse(value)
                        for key, value in zip(node.keys, node.values, strict=True)
                        if isinstance(key, ast.Constant) and isinstance(value, ast.Constant)
                    }
                    if constants.keys() >= {"status", "reason"}:
                        yield constants["reason"]


def test_no_reason_is_answered_that_is_not_declared() -> None:
    assert list(undeclared()) == []


def test_the_contract_lists_every_status_and_reason_and_no_other() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \| .+ \| .+ \|$", CONTRACT, re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert {(int(status), reason) for status, reason in rows} == IN_CODE
    assert re.search(r"^\| 200 \|", CONTRACT, re.MULTILINE)


def test_openapi_lists_every_status_and_reason_and_no_other() -> None:
    listed = set()
    for response in RESPONSES.values():
        for content in response["content"].values():
            for part in content["schema"].get("allOf", []):
                if status := part.get("properties", {}).get("status"):
                    codes = part["properties"]["reason"]["enum"]
                    listed |= {(status["enum"][0], code) for code in codes}
    together = {(status, "refused_together") for status in (421, 429, 503)}
    assert listed | together == IN_CODE
    refused = OPENAPI["components"]["schemas"]["Results"]["items"]["oneOf"][1]["properties"]
    assert set(refused["reason"]["enum"]) == {*reasons.OF_EVENTS, "refused_together"}
    assert set(refused["status"]["enum"]) == {
        status for status, reason in IN_CODE if reason in refused["reason"]["enum"]
    }


def test_each_response_stands_under_its_own_status() -> None:
    for path in OPENAPI["paths"].values():
        for method, operation in path.items():
            if method == "parameters":
                continue
            for status, response in operation["responses"].items():
                name = response.get("$ref", "").rpartition("/")[2]
                schema = str(RESPONSES[name]["content"]) if name else ""
                assert not name or status == "200" or f"'enum': [{status}]" in schema


def test_the_paths_are_those_of_the_code() -> None:
    webhooks = {f"/{name}" for name in WEBHOOKS}
    assert OPENAPI["paths"].keys() == webhooks | {f"{path}/{{token}}" for path in webhooks} | {
        HEALTH
    }
    for path in (*webhooks, HEALTH):
        assert f"`{path}`" in CONTRACT or f"{path}`" in CONTRACT


def headers_in_code() -> set[str]:
    """Return each header that the receiver's code names."""
    names = set()
    for tree in SOURCES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                value = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                names |= {value.lower()} & KNOWN
    return names


KNOWN = {
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "svix-id",
    "svix-timestamp",
    "svix-signature",
    "idempotency-key",
    "content-encoding",
    "accept-encoding",
    "authorization",
    "retry-after",
    "allow",
    "www-authenticate",
}


def test_the_contract_names_every_header() -> None:
    assert headers_in_code() == KNOWN
    for name in KNOWN:
        assert f"`{name}" in CONTRACT.lower(), name
    parameters = {parameter["name"] for parameter in OPENAPI["components"]["parameters"].values()}
    assert parameters == {"token"} | {name for name in KNOWN if "webhook-" in name or "key" in name}


def test_the_contract_states_every_limit() -> None:
    limits = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    assert f"| one event | {limits['max_event_bytes']:,} bytes |" in CONTRACT
    assert f"| one request | {limits['max_request_bytes']:,} bytes |" in CONTRACT
    assert f"| events in one request | {limits['max_request_events']:,} |" in CONTRACT
    assert f"at most {limits['signature_tolerance_seconds']:.0f} seconds off" in CONTRACT
    assert f"within {limits['durable_within_seconds']:.0f} seconds" in CONTRACT
    assert f"`Retry-After` in seconds, now {answers.RETRY_SECONDS}" in CONTRACT


def block(language: str, position: int = 0) -> str:
    """Return a fenced block of the contract, without the line break at its end."""
    return str(re.findall(rf"```{language}\n(.*?)\n```", CONTRACT, re.DOTALL)[position])


def test_the_signature_example_is_right() -> None:
    secret, body = block("text"), block("json").encode()
    headers = dict(line.split(": ") for line in block("http").splitlines())
    assert f"({len(body)} bytes" in CONTRACT
    now = int(headers["webhook-timestamp"])
    assert verify([SigningKey(secret)], encoded(headers), body, now=now, tolerance=0)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    assert Webhook(key)._whsecret == Webhook(secret)._whsecret


SCHEMA = {"components": OPENAPI["components"]}


def check(schema: dict[str, Any], value: Any) -> None:
    jsonschema_rs.Draft202012Validator(SCHEMA | schema, validate_formats=True).validate(value)


def test_the_answers_shown_are_possible() -> None:
    accepted = {"$ref": "#/components/schemas/Accepted"}
    check(accepted, msgspec.json.decode(block("json", 1)))
    for response in RESPONSES.values():
        for content in response["content"].values():
            if "example" in content:
                check(content["schema"], content["example"])


def test_the_requests_shown_are_possible() -> None:
    for body in OPENAPI["components"]["requestBodies"].values():
        content = body["content"]["application/json"]
        for example in content["examples"].values():
            check(content["schema"], example["value"])


@pytest.mark.parametrize("value", [{"type": "about:blank"}, {"accepted": 0, "results": []}])
def test_a_wrong_answer_would_be_noticed(value: dict[str, Any]) -> None:
    for name in ("Problem", "Accepted"):
        with pytest.raises(jsonschema_rs.ValidationError):
            check({"$ref": f"#/components/schemas/{name}"}, value)
