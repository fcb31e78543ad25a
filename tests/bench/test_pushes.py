"""The pushes for the loader have as many people and user agents as docs/benchmarks.md says."""

import json

from functions.events.attributes import Attributes
from functions.web.push import parse_push
from tests.bench.pushes import AGENTS, PEOPLE, agents, pushes


def test_all_people_and_user_agents_are_different() -> None:
    messages = [parse_push(body).message for body in pushes()]
    values = [json.loads(message.data)["value"] for message in messages]
    assert len({value["user_id"] for value in values}) == len(values) == PEOPLE
    assert len({value["platformUserAgent"] for value in values}) == len(set(agents())) == AGENTS
    known = [Attributes.from_mapping(message.attributes) for message in messages]
    assert len({each.event for each in known}) > 50
    assert len({each.ingest_id for each in known}) == PEOPLE


def test_a_body_is_one_line() -> None:
    assert not any(b"\n" in body for body in pushes())
