"""The periods: how long an erasure waits, and how long each kind of data is kept."""

from datetime import timedelta

from functions.warehouse.schema import OPEN_WINDOW_DAYS

GRACE = timedelta(days=28)
"""How long after the request an erasure is due.

The promise is that no live data of the person is left at the end of day 30. After
an erasure is due, it may wait for other erasures for `GATHERING`. More than a day is then left, in
case some of the hourly sweeps fail.
"""

GATHERING = timedelta(hours=12)
"""How long an erasure that is due may wait for other erasures. An execution reads the tables once
for all erasures together, so executions twice a day cost less than executions every hour."""

OVERDUE = timedelta(hours=20)
"""If an erasure was due this long ago, executions have failed for hours, and an alert says so."""

SUBSCRIPTION = timedelta(days=7)
"""How long Pub/Sub keeps a message that is not acknowledged (`modules/cell/pubsub.tf`)."""

DEAD_LETTERS = timedelta(days=31)
"""How long Pub/Sub keeps a message after the message became a dead letter."""

RETAINED = timedelta(days=28)
"""How long an object stays in spill or quarantine (`modules/cell/storage.tf`)."""

UNREADABLE = timedelta(days=7)
"""How long an unreadable object stays in quarantine. No erasure can rewrite such an object."""

EXPORTED = timedelta(days=1)
"""How long the objects of an export stay in the bucket."""

TIME_TRAVEL = timedelta(hours=48)
"""How long time travel can read deleted rows: the shortest time that BigQuery allows."""

FAIL_SAFE = timedelta(days=7)
"""How long BigQuery keeps deleted rows for emergencies after time travel has ended (BigQuery's
documentation)."""

RELEASED_HOLD = timedelta(days=30)
"""How long a legal hold is stored after its end, so that ``GET /holds`` still shows it."""

LOGGED = timedelta(days=30)
"""How long logs are kept, unless the deployment sets ``log_retention_days``."""

SECRET_SEEN = timedelta(days=1)
"""We assume that every reader sees the newest version of a secret within this time. Usually it
takes minutes; Secret Manager's documentation says that it may take a few hours."""

OPEN_WINDOW = timedelta(days=OPEN_WINDOW_DAYS)

TOMBSTONE = OPEN_WINDOW + DEAD_LETTERS + OPEN_WINDOW
"""How long a tombstone catches events that come late.

When the erasure is executed, an event may be in load's subscription. By the end of the open window,
the event is either stored or a dead letter. A dead letter may be replayed on the last day on which
Pub/Sub keeps it. In that case, the event may be in load's subscription for another open window.
"""

REMEMBERED = RETAINED + TOMBSTONE
"""The longest time from when an event is received until it is stored in a table. At worst, the
event was in the bucket for `RETAINED` before it was published.

If a person takes back a deletion in the chat, the restoration is stored for the same time, because
the deletion may be delivered again: a restoration does not remove the deletion from objects.
"""
