"""The periods: how long an erasure waits, and how long each kind of data is kept."""

from datetime import timedelta

from functions.warehouse.schema import OPEN_WINDOW_DAYS

GRACE = timedelta(days=29)
"""The time from the request until the execution is due.

The promise is that no live data of the person is left at the end of day 30. The sweep runs every
hour, so it may fail for most of the last day and the promise still holds.
"""

SUBSCRIPTION = timedelta(days=7)
"""How long Pub/Sub keeps a message without an acknowledgement (`modules/cell/pubsub.tf`)."""

DEAD_LETTERS = timedelta(days=31)
"""How long Pub/Sub keeps a dead letter, from the time when the message became one."""

RETAINED = timedelta(days=28)
"""How long an object stays in spill or quarantine (`modules/cell/storage.tf`)."""

UNREADABLE = timedelta(days=7)
"""How long an object stays in quarantine if an erasure cannot rewrite it."""

EXPORTED = timedelta(days=1)
"""How long the objects of an export stay in the bucket."""

TIME_TRAVEL = timedelta(hours=48)
"""How long time travel can read deleted rows; the datasets use the shortest possible time."""

FAIL_SAFE = timedelta(days=7)
"""How long BigQuery keeps deleted rows after that, for emergencies (BigQuery's documentation)."""

RELEASED_HOLD = timedelta(days=30)
"""How long a legal hold is stored after its end, so that ``GET /holds`` still shows it."""

LOGGED = timedelta(days=30)
"""How long logs are kept, unless the deployment sets ``log_retention_days``."""

SECRET_SEEN = timedelta(days=1)
"""The longest time until every reader sees a secret's newest version. Usually it takes minutes;
Secret Manager's documentation of its consistency says a few hours."""

OPEN_WINDOW = timedelta(days=OPEN_WINDOW_DAYS)

TOMBSTONE = OPEN_WINDOW + DEAD_LETTERS + OPEN_WINDOW
"""How long a tombstone catches events that come late.

An event may be in load's subscription while the sweep runs. By the end of the open window, it is
stored or a dead letter. A dead letter may be replayed on its last day, and then the event may be in
the subscription for another open window.
"""

REMEMBERED = RETAINED + TOMBSTONE
"""The longest time between the receipt of an event and its storage. At worst, the event was in the
bucket first.

A restoration in the chat is stored for the same time. The deletion that it took back may be
delivered again, because a restoration does not remove events from objects.
"""
