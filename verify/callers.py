"""Checks the callers of the functions: push subscriptions, and jobs of the scheduler."""

import asyncio
from collections.abc import Iterator
from typing import Any

from google.api_core.exceptions import GoogleAPIError, NotFound
from google.pubsub_v1.services.subscriber import SubscriberAsyncClient
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcAsyncIOTransport
from google.pubsub_v1.types import Subscription

from functions.google.grpc_channel import open_channel
from functions.google.rest import NotAnswered, NotThere, open_reader
from verify.deployment import Cell, Delivery
from verify.finding import Finding

DELIVERS = "the subscription delivers"
RUNS = "the job runs"
TIMEOUT_SECONDS = 30.0


def check_subscriptions(cell: Cell) -> Iterator[Finding]:
    """Ask Pub/Sub where each subscription pushes, and which filter it has.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: there are no credentials.
    """
    if cell.calls.subscriptions:
        yield from asyncio.run(_subscriptions(cell))


async def _subscriptions(cell: Cell) -> list[Finding]:
    async with open_channel(cell.endpoints.pubsub, cell.project_id) as channel:
        client: Any = SubscriberAsyncClient(
            transport=SubscriberGrpcAsyncIOTransport(channel=channel)
        )
        return [
            await _subscription(client, cell.name, name, expected)
            for name, expected in sorted(cell.calls.subscriptions.items())
        ]


async def _subscription(client: Any, cell: str, name: str, expected: Delivery) -> Finding:
    finding = Finding(cell, DELIVERS, f"subscription {name.rsplit('/', 1)[-1]}", "holds")
    try:
        there = await client.get_subscription(
            subscription=name, retry=None, timeout=TIMEOUT_SECONDS
        )
    except NotFound:
        return finding._replace(state="fails", detail="it does not exist")
    except GoogleAPIError as error:
        return finding._replace(state="not checked", detail=type(error).__name__)
    fault = _fault(there, expected)
    return finding._replace(state="fails" if fault else "holds", detail=fault or expected.endpoint)


def _fault(there: Subscription, expected: Delivery) -> str:
    if there.push_config.push_endpoint != expected.endpoint:
        return f"pushes to {there.push_config.push_endpoint or 'no URL'}"
    if there.filter != (expected.filter or ""):
        return f"its filter is {there.filter or 'none'}"
    if there.state == Subscription.State.RESOURCE_ERROR:
        return "Pub/Sub cannot push: RESOURCE_ERROR"
    return ""


def check_jobs(cell: Cell) -> Iterator[Finding]:
    """Ask Cloud Scheduler which URL each job calls, and how its last call ended.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: there are no credentials.
    """
    if not cell.calls.jobs:
        return
    read = open_reader(cell.endpoints.scheduler, cell.project_id)
    for name, url in sorted(cell.calls.jobs.items()):
        finding = Finding(cell.name, RUNS, f"job {name.rsplit('/', 1)[-1]}", "holds")
        try:
            fault, detail = _job(read(f"v1/{name}"), url)
        except NotThere:
            yield finding._replace(state="fails", detail="it does not exist")
        except NotAnswered as error:
            yield finding._replace(state="not checked", detail=str(error))
        else:
            yield finding._replace(state="fails" if fault else "holds", detail=fault or detail)


def _job(job: dict[str, Any], url: str) -> tuple[str, str]:
    """Return two texts, one of them empty: the fault of a job, and when the job ran last."""
    target = job.get("httpTarget", {}).get("uri", "")
    if target != url:
        return f"calls {target or 'nothing'}", ""
    if job.get("state") != "ENABLED":
        return f"is {job.get('state', 'in no state')}", ""
    if code := job.get("status", {}).get("code", 0):
        return f"the last call ended with code {code}", ""
    last = job.get("lastAttemptTime")
    return "", f"ran last at {last}" if last else "has not run yet"
