import base64
import json

import pytest

from functions.web.push import parse_push

DATA = '{"event": "ü😀"}'.encode()


def test_a_push_is_read() -> None:
    body = {
        "message": {
            "data": base64.b64encode(DATA).decode(),
            "attributes": {"kind": "chat"},
            "messageId": "7",
            "message_id": "7",
            "publishTime": "2026-11-22T14:25:32Z",
        },
        "subscription": "projects/local/subscriptions/chat-eu-load",
        "deliveryAttempt": 3,
    }
    push = parse_push(json.dumps(body).encode())
    assert push.message.data == DATA
    assert push.message.attributes == {"kind": "chat"}
    assert push.message.publish_time == "2026-11-22T14:25:32Z"


def test_data_and_attributes_may_be_absent() -> None:
    push = parse_push(b'{"message": {"messageId": "7"}}')
    assert (push.message.data, push.message.attributes) == (b"", {})


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"message": {"data": "%"}}', b"\xff", b'{"message": null}']
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a Pub/Sub push"):
        parse_push(body)
