"""The periods: how long an erasure waits, and how long each kind of data is kept."""

from datetime import timedelta

from functions.warehouse.schema import OPEN_WINDOW_DAYS

GRACE = timedelta(days=28)
"""The time from the request of an erasure until the erasure is due.

We promise that all live data of the person is deleted by the end of day 30. After this period, the
erasure may still wait for other erasures, for up to `GATHERING`. More than a day is then left in
reserve, because some of the hourly sweeps may fail.
"""

GATHERING = timedelta(hours=12)
"""How long an erasure that is due may wait for other erasures. An execution reads the tables once
for all erasures together, so two executions a day cost less than one each hour."""

OVERDUE = timedelta(hours=20)
"""An alert fires if an erasure was due this long ago and is not executed, although no legal hold
keeps the person's data."""

SUBSCRIPTION = timedelta(days=7)
"""How long Pub/Sub keeps a message that is not acknowledged (`modules/cell/pubsub.tf`)."""

DEAD_LETTERS = timedelta(days=31)
"""How long Pub/Sub keeps a dead letter."""

RETAINED = timedelta(days=28)
"""How long an object stays in spill or quarantine (`modules/cell/storage.tf`)."""

UNREADABLE = timedelta(days=7)
"""How long an unreadable object stays in quarantine. An erasure cannot find people in it, so this
time is short."""

EXPORTED = timedelta(days=1)
"""How long the objects of an export stay in the bucket."""

TIME_TRAVEL = timedelta(hours=48)
"""How long BigQuery's time travel can read deleted rows. BigQuery allows no shorter time."""

FAIL_SAFE = timedelta(days=7)
"""How long BigQuery keeps deleted rows after `TIME_TRAVEL`, for emergencies. BigQuery's
documentation calls this the fail-safe period."""

RELEASED_HOLD = timedelta(days=30)
"""How long a legal hold is stored after its end, so that ``GET /holds`` still shows it."""

LOGGED = timedelta(days=30)
"""How long logs are kept, unless the deployment sets ``log_retention_days``."""

SECRET_SEEN = timedelta(days=1)
"""We assume that every reader sees the newest version of a secret within this time. Usually it
takes minutes; Secret Manager's documentation says that it may take a few hours."""

OPEN_WINDOW = timedelta(days=OPEN_WINDOW_DAYS)

TOMBSTONE = OPEN_WINDOW + DEAD_LETTERS + OPEN_WINDOW
"""How long a tombstone is kept after the execution, to catch events that come late.

The slowest event takes three steps. It waits in load's subscription for up to `OPEN_WINDOW`, and
becomes a dead letter. It stays a dead letter for up to `DEAD_LETTERS`, until an operator replays
it. Then it waits in load's subscription again, for up to `OPEN_WINDOW`.
"""

REMEMBERED = RETAINED + TOMBSTONE
"""The longest time from the receipt of an event until the event is stored in a table: at worst, the
event first lies in the bucket for `RETAINED`, and then takes as long as `TOMBSTONE` allows for.

If a person takes back a deletion in the chat, the record of the restoration is also kept for this
time, because the message about the deletion may still lie in the bucket, and may be delivered
again.
"""
