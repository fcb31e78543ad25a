"""Wires the offboarding of a partner from the simulated cell."""

from collections.abc import Callable
from datetime import datetime, timedelta

import uuid_utils

from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.privacy.offboarding.closed_partners import PeopleOnHold
from functions.privacy.offboarding.dead_letters import ClosedPartnerLetters
from functions.privacy.offboarding.deletion import Offboarding
from functions.privacy.offboarding.events_on_hold import EventsOnHold
from functions.privacy.offboarding.progress import OffboardingProgress
from functions.privacy.offboarding.record import Records
from functions.privacy.offboarding.storage import ClosedPartnerObjects
from functions.privacy.records.receipts import Receipts
from functions.retained.quarantine import Quarantine
from tests.fakes.bucket import Bucket
from tests.fakes.letters import Letters
from tests.fakes.statements import WatchedStatements
from tests.sql.privacy_desk import KEYS

CLOSING = timedelta(minutes=12)


def wire_offboarding(
    statements: WatchedStatements,
    receipts: Receipts,
    bucket: Bucket,
    letters: Letters,
    quarantine: Quarantine,
    now: Callable[[], datetime],
) -> OffboardingProgress:
    """Return the object that carries out offboardings, with the parts of the simulated cell."""
    people = PeopleOnHold(statements, KEYS, Layouts(load_catalogue()))
    on_hold = EventsOnHold(quarantine, bucket, people)
    clearers = (ClosedPartnerObjects(bucket), ClosedPartnerLetters(letters))
    offboarding = Offboarding(statements, clearers, on_hold, people, now)
    records = Records(statements, receipts, lambda: str(uuid_utils.uuid7()))
    return OffboardingProgress(offboarding, records, CLOSING, now)
