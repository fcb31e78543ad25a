"""The stub answers as the official client wants to be answered."""

import pytest
from google.pubsub_v1 import PublishRequest, PublishResponse, PubsubMessage

from tests.bench.broker import response_to


@pytest.mark.parametrize("count", [0, 1, 100])
def test_there_is_an_id_for_each_message(count: int) -> None:
    messages = [PubsubMessage(data=b"x" * 300, attributes={"event": "a"})] * count
    request = PublishRequest(topic="projects/p/topics/t", messages=messages)
    response = PublishResponse.deserialize(response_to(PublishRequest.serialize(request)))
    assert list(response.message_ids) == ["1"] * count
