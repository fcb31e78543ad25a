"""The routes of offboardings, and their wiring."""

import time
from datetime import timedelta
from functools import partial

from functions.acceptance.partners import PartnersFile
from functions.google.secret_manager import Secret
from functions.google.storage import Bucket, Objects, open_bucket
from functions.google.subscription import Subscription
from functions.privacy.deadline import Deadline
from functions.privacy.offboarding.closed_list import ClosedSecret
from functions.privacy.offboarding.closed_partners import HeldPeople
from functions.privacy.offboarding.dead_letters import DepartedLetters
from functions.privacy.offboarding.deletion import Offboarding
from functions.privacy.offboarding.endpoint import Offboardings
from functions.privacy.offboarding.events_on_hold import HeldEvents
from functions.privacy.offboarding.plan import Confirmations, Plan
from functions.privacy.offboarding.progress import Departure
from functions.privacy.offboarding.record import Records
from functions.privacy.offboarding.storage import DepartedObjects
from functions.privacy.requests.context import Surroundings
from functions.privacy.requests.router import Route
from functions.privacy.settings import Settings
from functions.retained.quarantine import Quarantine


def held_events(settings: Settings, people: HeldPeople) -> HeldEvents:
    """Wire what legal holds keep of partners who have left.

    Args:
        settings: where everything is.
        people: tells whom holds name.
    """
    at = (settings.storage_endpoint, settings.gcp_project, settings.bucket)
    objects = Objects(partial(open_bucket, *at), settings.storage_deadline_seconds)
    return HeldEvents(Quarantine(Bucket(*at)), objects, people)


def offboardings(
    settings: Settings,
    given: Surroundings,
    partners: PartnersFile,
    people: HeldPeople,
    held: HeldEvents,
) -> Offboardings:
    """Wire offboardings.

    Args:
        settings: where everything is.
        given: what the operations work with.
        partners: who has tokens.
        people: tells whom legal holds name.
        held: takes events that a legal hold keeps.
    """
    at = (settings.storage_endpoint, settings.gcp_project, settings.bucket)
    objects = Objects(partial(open_bucket, *at), settings.storage_deadline_seconds)
    subscription = Subscription(settings.pubsub_endpoint, settings.dead_letter_subscription)
    places = (DepartedObjects(objects), DepartedLetters(subscription))
    offboarding = Offboarding(given.statements, places, held, people, given.now)
    records = Records(given.statements, given.receipts, given.new_id)
    closed = ClosedSecret(Secret(settings.secrets_endpoint, settings.closed_secret))
    plan = Plan(
        directory=partners.current,
        closed=closed,
        confirmations=Confirmations(given.keys),
        offboarding=offboarding,
        now=given.now,
    )
    closing = timedelta(seconds=settings.closing_seconds)
    departure = Departure(offboarding, records, closing, given.now)
    return Offboardings(plan, closed, departure, records, partial(_deadline, settings.work_seconds))


def offboarding_routes(operations: Offboardings) -> list[Route]:
    """Return the routes."""
    return [
        Route("POST", "/offboardings", operations.order),
        Route("GET", "/offboardings", operations.list_all),
        Route("GET", "/offboardings/{id}", operations.show),
    ]


def _deadline(seconds: float) -> Deadline:
    """Return what says when so many seconds from now are over."""
    ends_at = time.monotonic() + seconds
    return lambda: time.monotonic() >= ends_at
