"""What Terraform says that it has deployed: `terraform output -json`."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

from functions.locations import parts
from functions.locations.parts import Datasets
from verify.settings import Settings

T = TypeVar("T")

OWN_TOKEN = "{token}"  # noqa: S105 - what stands in a URL for a token that Terraform does not know


class NothingDeployed(ValueError):
    """The outputs are not those of an applied deployment; the message says what is missing."""


class Urls(msgspec.Struct, frozen=True):
    """The two webhooks of one token."""

    events: str
    rooms: str

    def with_token(self, token: str) -> "Urls":
        """Put a token where Terraform left its place."""
        return Urls(self.events.replace(OWN_TOKEN, token), self.rooms.replace(OWN_TOKEN, token))


class Endpoints(parts.Endpoints, frozen=True):
    """Where all services are that are asked.

    Attributes:
        scheduler: Cloud Scheduler's REST API.
    """

    scheduler: str


class Delivery(msgspec.Struct, frozen=True):
    """What a push subscription should do.

    Attributes:
        endpoint: where it pushes to.
        filter: of the messages that it pushes; None for all.
    """

    endpoint: str
    filter: str | None = None


class Calls(msgspec.Struct, frozen=True):
    """What calls the functions of a cell.

    Attributes:
        functions: URLs of the private ones that people may call, by name.
        subscriptions: those that push to functions, by ``projects/P/subscriptions/S``.
        jobs: what the scheduler calls, by ``projects/P/locations/R/jobs/J``.
    """

    functions: dict[str, str]
    subscriptions: dict[str, Delivery]
    jobs: dict[str, str]


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """What one cell is made of, and where all of it has to be.

    Attributes:
        name: such as ``eu``.
        region: such as ``europe-west1``.
        project_id: the Google Cloud project.
        topics: ``projects/P/topics/T``.
        secrets: ``projects/P/secrets/S``.
        buckets: names.
        datasets: names.
        endpoints: where to ask.
        projects: the payload's projects that are pinned here, by partner.
        calls: what calls its functions.
        webhooks: by partner and token's name.
    """

    name: str = ""
    region: str
    project_id: str
    topics: tuple[str, ...]
    secrets: tuple[str, ...]
    buckets: tuple[str, ...]
    datasets: Datasets
    endpoints: Endpoints
    projects: dict[str, tuple[str, ...]]
    calls: Calls = Calls({}, {}, {})
    webhooks: dict[str, dict[str, Urls]] = {}


class _Output(msgspec.Struct, Generic[T]):
    value: T


class _Outputs(msgspec.Struct):
    cells: _Output[dict[str, Cell]]
    calls: _Output[dict[str, Calls]]
    webhook_urls: _Output[dict[str, dict[str, dict[str, Urls]]]]


def read(outputs: bytes, tokens: Mapping[str, str], settings: Settings) -> list[Cell]:
    """Return the cells, by name.

    Args:
        outputs: of ``terraform output -json``.
        tokens: of partners who made their own, by partner.
        settings: endpoints that take the place of the outputs'.

    Raises:
        NothingDeployed: an output is missing or is not what it should be.
    """
    try:
        decoded = msgspec.json.decode(outputs, type=_Outputs)
    except msgspec.DecodeError as error:
        raise NothingDeployed(f"not the outputs of an applied deployment: {error}") from None
    return [
        msgspec.structs.replace(
            cell,
            name=name,
            endpoints=_override(cell.endpoints, settings),
            calls=decoded.calls.value.get(name, cell.calls),
            webhooks={
                partner: {
                    token: urls.with_token(tokens.get(partner, OWN_TOKEN))
                    for token, urls in cells[name].items()
                }
                for partner, cells in sorted(decoded.webhook_urls.value.items())
                if name in cells
            },
        )
        for name, cell in sorted(decoded.cells.value.items())
    ]


def _override(endpoints: Endpoints, settings: Settings) -> Endpoints:
    return Endpoints(
        bigquery=settings.bigquery_endpoint or endpoints.bigquery,
        pubsub=settings.pubsub_endpoint or endpoints.pubsub,
        storage=settings.storage_endpoint or endpoints.storage,
        secrets=settings.secrets_endpoint or endpoints.secrets,
        scheduler=settings.scheduler_endpoint or endpoints.scheduler,
    )
