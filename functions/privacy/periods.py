"""How long an erasure waits and is remembered, and how long everything else is kept."""

from datetime import timedelta

from functions.warehouse.schema import OPEN_WINDOW_DAYS

GRACE = timedelta(days=29)
"""From a request to the moment at which its execution is due.

The promise is that nothing of the person is live by the end of day 30. The sweep comes every hour:
with the last day for it, it may fail for most of that day and still be in time.
"""

SUBSCRIPTION = timedelta(days=7)
"""How long Pub/Sub keeps a message that is not acknowledged (`modules/cell/pubsub.tf`)."""

DEAD_LETTERS = timedelta(days=31)
"""How long Pub/Sub keeps a dead letter, from the moment when the message became one."""

RETAINED = timedelta(days=28)
"""How long an object stays in spill or quarantine (`modules/cell/storage.tf`)."""

UNREADABLE = timedelta(days=7)
"""How long an object stays in quarantine if an erasure cannot rewrite it."""

EXPORTED = timedelta(days=1)
"""How long the objects of an export stay in the bucket."""

TIME_TRAVEL = timedelta(hours=48)
"""How long deleted rows can be read by time travel: the datasets are set to the shortest."""

FAIL_SAFE = timedelta(days=7)
"""How long Google keeps them after that, for emergencies (BigQuery's documentation)."""

RELEASED_HOLD = timedelta(days=30)
"""How long a legal hold is remembered after its end, so that ``GET /holds`` still shows it."""

LOGGED = timedelta(days=30)
"""How long logs are kept, unless the deployment sets ``log_retention_days``."""

SECRET_SEEN = timedelta(days=1)
"""How long it takes at most until every reader sees a secret's newest version. Minutes are usual;
Secret Manager's documentation of its consistency speaks of a few hours."""

OPEN_WINDOW = timedelta(days=OPEN_WINDOW_DAYS)

TOMBSTONE = OPEN_WINDOW + DEAD_LETTERS + OPEN_WINDOW
"""How long an executed erasure catches what comes late.

What waits in load's subscription while the sweep rewrites all else is stored, or a dead letter,
when the open window is over. A dead letter may be replayed on its last day, and then be in load's
subscription for as long again.
"""

REMEMBERED = RETAINED + TOMBSTONE
"""How long ago an event that is stored late may have been received: at worst it waited in the
bucket first.

A restoration in the chat is remembered for as long. The deletion that it took back may be delivered
again, because the events of a restored person are not removed from objects.
"""
