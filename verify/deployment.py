"""Reads the deployed cells from the outputs of Terraform (`terraform output -json`)."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

from functions.locations import parts
from functions.locations.parts import Datasets
from verify.settings import Settings

T = TypeVar("T")

OWN_TOKEN = "{token}"  # noqa: S105 - a placeholder in URLs, for a token that Terraform does not know


class NothingDeployed(ValueError):
    """The outputs are not those of an applied deployment; the message says what is missing."""


class Urls(msgspec.Struct, frozen=True):
    """The URLs of the two webhooks of one token."""

    events: str
    rooms: str

    def with_token(self, token: str) -> "Urls":
        """Return the URLs with a token in place of `OWN_TOKEN`."""
        return Urls(self.events.replace(OWN_TOKEN, token), self.rooms.replace(OWN_TOKEN, token))


class Endpoints(parts.Endpoints, frozen=True):
    """The endpoints of the Google services that the checks ask.

    Attributes:
        scheduler: the endpoint of Cloud Scheduler's REST API.
    """

    scheduler: str


class Delivery(msgspec.Struct, frozen=True):
    """The expected configuration of a push subscription.

    Attributes:
        endpoint: the URL to which the subscription pushes.
        filter: the filter of messages; None if the subscription pushes all messages.
    """

    endpoint: str
    filter: str | None = None


class Calls(msgspec.Struct, frozen=True):
    """The URLs and the callers of a cell's private functions.

    Attributes:
        functions: the URLs of the private functions that people may call, by name.
        subscriptions: the subscriptions that push to functions, by their full names,
            ``projects/P/subscriptions/S``.
        jobs: the URLs that the scheduler's jobs call, by the full name of the job,
            ``projects/P/locations/R/jobs/J``.
    """

    functions: dict[str, str]
    subscriptions: dict[str, Delivery]
    jobs: dict[str, str]


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """The resources of one cell, and the region in which all of them must be.

    Attributes:
        name: the name of the cell, such as ``eu``.
        region: the promised region, such as ``europe-west1``.
        project_id: the Google Cloud project.
        topics: the full names of the topics, ``projects/P/topics/T``.
        secrets: the full names of the secrets, ``projects/P/secrets/S``.
        buckets: the names of the buckets.
        datasets: the names of the datasets.
        endpoints: the endpoints of Google's services.
        projects: the projects that are pinned to the cell, by partner.
        calls: the URLs and the callers of the private functions.
        webhooks: the URLs of webhooks, by the partner and by the name of the token.
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
    """Return the deployed cells, sorted by name.

    Args:
        outputs: the JSON that ``terraform output -json`` prints.
        tokens: the tokens of partners who made their own, by partner.
        settings: endpoints that replace those in the outputs.

    Raises:
        NothingDeployed: an output is missing or malformed.
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
