"""A client that is generated from docs/openapi.yaml works with the receiver."""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.receive.durable import NotDurable
from functions.receive.settings import Settings
from functions.receive.tally import ReceiveTally
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.durable import Durable
from tests.unit.receive.conftest import receiver_of
from tests.unit.receive.stand_ins import PARTNERS, TOKEN

pytestmark = pytest.mark.soak

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
PACKAGE = "generated_receiver_client"


Module = Callable[[str], Any]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Module]:
    """Generate the client, and return a function that imports one of its modules."""
    folder = tmp_path_factory.mktemp("client")
    config = folder / "config.yaml"
    config.write_text(f"package_name_override: {PACKAGE}\npost_hooks: []\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(DOCUMENT)]
    options = ["--meta", "none", "--output-path", str(folder / PACKAGE), "--config", str(config)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    # The generator does not know NDJSON, so its clients send JSON only.
    expected = said.count("Unsupported content type application/x-ndjson")
    assert said.count("WARNING parsing") == expected, said
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"{PACKAGE}.{name}")
    sys.path.remove(str(folder))


@pytest.fixture
def durable() -> Durable:
    return Durable()


@pytest.fixture
def transport(tmp_path: Path, durable: Durable) -> httpx.ASGITransport:
    """A transport that passes requests to a receiver, without a network."""
    partners, closed = tmp_path / "partners.json", tmp_path / "closed.json"
    partners.write_text(json.dumps({"partners": PARTNERS}))
    closed.write_text(json.dumps({"partners": {}}))
    settings = Settings(
        cell="eu",
        gcp_project="p",
        events_topic="t",
        pubsub_endpoint="",
        storage_endpoint="",
        bucket="b",
        partners_file=partners,
        closed_file=closed,
        max_request_events=2,
    )
    receiver = receiver_of(settings, durable, Writer(Bucket()), ReceiveTally())
    return httpx.ASGITransport(receiver.handle)


def client_of(generated: Module, transport: httpx.ASGITransport, **headers: str) -> Any:
    return generated("client").Client(
        base_url="http://receive", headers=headers, httpx_args={"transport": transport}
    )


def event(project: str = "acme-prod") -> dict[str, Any]:
    return {"event": "emoji_sent", "value": {"project": project, "user_id": "u-1", "number": 1}}


async def test_an_accepted_request_has_a_result_for_each_event(
    generated: Module, transport: httpx.ASGITransport, durable: Durable
) -> None:
    models, send = generated("models"), generated("api.events.send_events").asyncio_detailed
    client = client_of(generated, transport)
    one, other = (models.Event.from_dict(event(name)) for name in ("acme-prod", "only"))
    press = models.Test.from_dict({"event": None})
    for body, statuses in ((one, [200]), ([one, other], [200, 422]), (press, [200])):
        answer = await send(TOKEN, client=client, body=body, webhook_id="msg_1")
        assert answer.status_code == 200
        assert answer.parsed.to_dict() == json.loads(answer.content)
        assert [result.status for result in answer.parsed.results] == statuses
    assert json.loads(durable.messages[0].data) == event()
    assert [message.attributes.kind for message in durable.messages] == ["chat", "chat", "test"]


@pytest.mark.parametrize(
    ("token", "sent", "coding", "status", "reason"),
    [
        ("wrong", ["acme-prod"], "", 401, "token_unknown"),
        ("a/b", ["acme-prod"], "", 404, "unknown_path"),
        (TOKEN, ["acme-prod"], "gzip", 400, "body_broken"),
        (TOKEN, ["acme-prod"] * 3, "", 413, "too_many_events"),
        (TOKEN, ["acme-prod"], "br", 415, "encoding_unsupported"),
        (TOKEN, ["acme-us"] * 2, "", 421, "project_elsewhere"),
        (TOKEN, ["only"] * 2, "", 422, "project_unknown"),
        (TOKEN, ["acme-dev"], "", 503, "publish_failed"),
    ],
)
async def test_an_error_keeps_its_problem_details(
    generated: Module,
    transport: httpx.ASGITransport,
    durable: Durable,
    token: str,
    sent: list[str],
    coding: str,
    status: int,
    reason: str,
) -> None:
    models, send = generated("models"), generated("api.events.send_events").asyncio_detailed
    durable.failure = NotDurable() if "acme-dev" in sent else None
    client = client_of(generated, transport, **{"Content-Encoding": coding})
    body = [models.Event.from_dict(event(project)) for project in sent]
    answer = await send(token, client=client, body=body)
    assert answer.status_code == status
    assert answer.parsed is not None
    assert (answer.parsed.status, answer.parsed.reason) == (status, reason)
    assert answer.parsed.to_dict() == json.loads(answer.content)


async def test_the_url_and_the_token_can_be_checked(
    generated: Module, transport: httpx.ASGITransport
) -> None:
    check = generated("api.events.check_events").asyncio_detailed
    client = client_of(generated, transport)
    assert (await check(TOKEN, client=client)).parsed.status == "ok"
    assert (await check("wrong", client=client)).parsed.reason == "token_unknown"
    health = generated("api.health.health").asyncio_detailed
    assert (await health(client=client)).parsed.status == "ok"
