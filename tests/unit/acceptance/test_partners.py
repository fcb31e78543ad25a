"""The partners' secret is parsed, and finds the partner of a token."""

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance.partners import (
    DISPUTED,
    FIELDS,
    Directory,
    Fault,
    RecordFaulty,
    Unclear,
)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def secret(**tokens: list[str]) -> bytes:
    partners = {
        name: {"tokens_sha256": list(map(digest, own)), "projects": {name: "eu"}}
        for name, own in tokens.items()
    }
    return json.dumps({"partners": partners}).encode()


def test_two_tokens_are_valid_while_one_is_rotated() -> None:
    directory = Directory.from_json(secret(a=["old", "new"], b=["other"]))
    assert [(directory.find(token) or "-")[0] for token in ("old", "new", "other", "x", "")] == [
        "a",
        "a",
        "b",
        "-",
        "-",
    ]


@pytest.mark.parametrize("text", [b"", b"{}", b'{"partners": 1}', b'{"partners": {}, "more": 1}'])
def test_a_malformed_secret_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="partners"):
        Directory.from_json(text)


def record(**changes: object) -> dict[str, object]:
    """Return a partner's record with some members changed; None removes a member."""
    good: dict[str, object] = {"tokens_sha256": [digest("t")], "projects": {"a": "eu"}}
    return {name: value for name, value in (good | changes).items() if value is not None}


def both(faulty: object, name: str = "a") -> Directory:
    """Return a directory with a correct partner, and one with this record."""
    good = record(tokens_sha256=[digest("good")], projects={"good": "eu"})
    return Directory.from_json(json.dumps({"partners": {"b": good, name: faulty}}).encode())


SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()

FAULTY = [
    ("tokens_sha256", record(tokens_sha256=[digest("t") + "\n"])),
    ("tokens_sha256", record(tokens_sha256=[digest("t").upper()])),
    ("tokens_sha256", record(tokens_sha256=["plain-token"])),
    ("tokens_sha256", record(tokens_sha256=[7])),
    ("tokens_sha256", record(tokens_sha256=[])),
    ("tokens_sha256", record(tokens_sha256=digest("t"))),
    ("tokens_sha256", record(tokens_sha256=[digest(token) for token in "t12"])),
    ("tokens_sha256", record(tokens_sha256=[digest("t"), ""])),
    ("tokens_sha256", record(tokens_sha256=None)),
    ("projects", record(projects={})),
    ("projects", record(projects={"": "eu"})),
    ("projects", record(projects={"a": ""})),
    ("projects", record(projects={"a": None})),
    ("projects", record(projects={"a\n": "eu"})),
    ("projects", record(projects={" a": "eu"})),
    ("projects", record(projects={"a": "eu\n"})),
    ("projects", record(projects={"a": " eu"})),
    ("projects", record(projects={"a\ud83d": "eu"})),
    ("projects", record(projects={"a": float("inf")})),
    ("projects", record(projects=["a"])),
    ("projects", record(projects=None)),
    ("signing_secrets", record(signing_secrets=[])),
    ("signing_secrets", record(signing_secrets=[7])),
    ("signing_secrets", record(signing_secrets=["plain-secret"])),
    ("signing_secrets", record(signing_secrets=[SECRET + "\n"])),
    ("signing_secrets", record(signing_secrets=[" " + SECRET])),
    ("signing_secrets", record(signing_secrets=["whsec_" + "k" * 16])),
    ("record", record(signing_secret=[SECRET])),
    ("record", None),
    ("record", "plain"),
]


@pytest.mark.parametrize(("field", "faulty"), FAULTY)
def test_an_error_in_one_record_closes_that_partner_only(field: str, faulty: Any) -> None:
    directory = both(faulty)
    entry = directory.find("good")
    assert entry
    assert entry[0] == "b"
    with pytest.raises(Unclear):  # not a 401, after which the sender would drop its events
        directory.find("t")
    with pytest.raises(RecordFaulty):
        directory.named("a")
    assert Fault("a", field) in directory.faults
    assert {fault.partner for fault in directory.faults} == {"a"}
    assert directory.without({"a"}).find("t") is None


DIGEST = f'"{digest("t")}"'
UNUSUAL = [
    ("projects", f'{{"tokens_sha256": [{DIGEST}], "projects": {{"a": 1e400}}}}'),
    ("projects", f'{{"tokens_sha256": [{DIGEST}], "projects": {{"a": "eu", "a": "us"}}}}'),
    ("projects", f'{{"tokens_sha256": [{DIGEST}], "projects": {{"a": "eu"}}, "projects": {{}}}}'),
    ("tokens_sha256", f'{{"tokens_sha256": [{DIGEST}, 1e400], "projects": {{"a": "eu"}}}}'),
    ("projects", f'{{"tokens_sha256": [{DIGEST}], "projects": {{"a": {"9" * 5_000}}}}}'),
    ("projects", f'{{"tokens_sha256": [{DIGEST}], "projects": {{"a": "e\udcff"}}}}'),
    ("record", '1e400, "a": {}'),
    ("record", f'{{"tokens_sha256": ["x"], "projects": {{"a": "eu"}}}}, "a": {{{DIGEST}: 1}}'),
]


@pytest.mark.parametrize(("field", "faulty"), UNUSUAL)
def test_a_member_that_the_decoder_refuses_or_ignores_closes_that_partner_only(
    field: str, faulty: str
) -> None:
    good = json.dumps(record(tokens_sha256=[digest("good")], projects={"good": "eu"}))
    text = f'{{"partners": {{"b": {good}, "a": {faulty}}}}}'
    directory = Directory.from_json(text.encode(errors="surrogateescape"))
    assert directory.find("good")
    with pytest.raises(Unclear):
        directory.find("t")
    assert Fault("a", field) in directory.faults
    assert {fault.partner for fault in directory.faults} == {"a"}


def test_a_partner_that_may_have_left_is_closed_with_an_error() -> None:
    directory = Directory.from_json(secret(a=["1"], b=["2"])).without((), {"a"})
    with pytest.raises(RecordFaulty):
        directory.find("1")
    assert directory.find("2")
    assert directory.find("unknown") is None
    assert directory.without({"a"}).find("1") is None


def test_a_malformed_token_makes_unknown_tokens_unclear() -> None:
    for faulty in (record(tokens_sha256=["plain-token"]), None):
        with pytest.raises(Unclear):
            both(faulty).find("unknown")
    assert both(record(signing_secrets=["odd"])).find("unknown") is None


@pytest.mark.parametrize("name", ["a/b", "", "A", "a b", "a\n"])
def test_an_error_about_a_wrong_name_has_the_place_of_the_partner(name: str) -> None:
    directory = both(record(), name)
    assert directory.faults == [Fault("#2", "record")]
    with pytest.raises(RecordFaulty):
        directory.find("t")
    assert directory.find("good")


def test_a_token_of_two_partners_is_not_accepted() -> None:
    directory = Directory.from_json(secret(a=["same", "1"], b=["same", "2"]))
    with pytest.raises(RecordFaulty):
        directory.find("same")
    assert [(directory.find(token) or "-")[0] for token in "12"] == ["a", "b"]
    assert directory.faults == [Fault("a", "tokens_sha256"), Fault("b", "tokens_sha256")]
    alone = directory.without({"a"})
    assert (alone.find("same") or "-")[0] == "b"


def test_a_project_of_two_partners_belongs_to_neither() -> None:
    text = secret(a=["1"], b=["2"]).replace(b'{"b": "eu"}', b'{"b": "eu", "a": "eu"}')
    directory = Directory.from_json(text)
    assert directory.find("1")
    partner = directory.named("b")
    assert partner
    assert partner.projects == {"b": "eu", "a": DISPUTED}
    assert directory.faults == [Fault("a", "projects"), Fault("b", "projects")]
    with pytest.raises(Unclear):
        directory.projects_of("a")
    alone = directory.without({"a"}).named("b")
    assert alone
    assert alone.projects == {"b": "eu", "a": "eu"}


def test_a_faulty_partner_s_projects_stay_its_own_and_it_can_be_offboarded() -> None:
    directory = both(record(signing_secrets=["odd"]))
    assert directory.projects_of("a") == {"a": "eu"}
    assert directory.projects_of("nobody") == {}
    unread = both(record(projects=["a"]))
    with pytest.raises(Unclear):
        unread.projects_of("a")


MEMBERS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["a", SECRET]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "x"]), MEMBERS) | MEMBERS)
def test_no_record_locks_another_partner_out(faulty: Any) -> None:
    directory = both(faulty)
    assert (directory.find("good") or "-")[0] == "b"
    assert all(fault.field in {*FIELDS, "record"} for fault in directory.faults)


def test_an_empty_token_is_never_accepted() -> None:
    assert Directory.from_json(secret(a=["", "t"])).find("") is None


@given(st.text(st.characters(codec=None)))
def test_any_other_token_is_unknown(token: str) -> None:
    assert Directory.from_json(secret(a=["token-of-a"])).find(token) is None


def test_signing_secrets_are_read_and_never_shown() -> None:
    text = secret(a=["t"]).replace(b'"projects"', b'"signing_secrets": ["%s"], "projects"')
    key = base64.b64encode(b"k" * 24)
    entry = Directory.from_json(text % (b"whsec_" + key)).find("t")
    assert entry
    assert len(entry[1].signing_secrets) == 1
    assert key.decode() not in repr(entry)
