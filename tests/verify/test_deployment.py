import msgspec
import pytest

from tests.verify.cells import a_cell
from verify.deployment import NothingDeployed, Urls, read
from verify.settings import Settings


def outputs(last: str = "t0ken") -> bytes:
    cell = msgspec.to_builtins(a_cell())
    calls = cell.pop("calls")
    del cell["name"], cell["webhooks"]
    urls = {kind: f"https://receive.example/{kind}/{last}" for kind in ("events", "rooms")}
    return msgspec.json.encode(
        {
            "cells": {"sensitive": False, "type": ["object", {}], "value": {"eu": cell}},
            "calls": {"value": {"eu": calls}},
            "webhook_urls": {
                "sensitive": True,
                "value": {"acme": {"eu": {"1": urls}, "us": {"1": urls}}},
            },
            "try_it": {"value": "another output"},
        }
    )


def test_a_cell_has_its_own_webhooks() -> None:
    assert read(outputs(), {}, Settings()) == [a_cell()]


def test_a_token_that_terraform_does_not_know_is_put_in_place() -> None:
    [cell] = read(outputs("{token}"), {"acme": "own"}, Settings())

    assert cell.webhooks["acme"]["1"] == Urls(
        "https://receive.example/events/own", "https://receive.example/rooms/own"
    )


def test_an_endpoint_can_be_another() -> None:
    settings = Settings(pubsub_endpoint="http://127.0.0.1:1")
    [cell] = read(outputs(), {}, settings)

    assert cell.endpoints.pubsub == "http://127.0.0.1:1"
    assert cell.endpoints.storage == a_cell().endpoints.storage


@pytest.mark.parametrize("text", [b"{}", b"", b'{"cells": {"value": {"eu": {}}}}'])
def test_malformed_outputs_are_refused(text: bytes) -> None:
    with pytest.raises(NothingDeployed):
        read(text, {}, Settings())
