"""How long an erasure waits and is remembered, and how long all else stays."""

from datetime import timedelta

from functions.warehouse import OPEN_WINDOW_DAYS

GRACE = timedelta(days=29)
"""From a request to the moment at which its execution is due.

The promise is that nothing of the person is live by the end of day 30. The sweep comes every hour:
with the last day for it, it may fail for most of that day and still be in time.
"""

SUBSCRIPTION = timedelta(days=7)
"""Pub/Sub keeps what is not acknowledged for so long (`modules/cell/pubsub.tf`)."""

DEAD_LETTERS = timedelta(days=31)
"""The same for dead letters, counted anew from when a message became one."""

SET_ASIDE = timedelta(days=28)
"""What lies in spill or quarantine goes after so long (`modules/cell/storage.tf`)."""

UNPARSED = timedelta(days=7)
"""What of it cannot be rewritten goes after so long."""

EXPORTED = timedelta(days=1)
"""The same for exports."""

TIME_TRAVEL = timedelta(hours=48)
"""How long deleted rows can be read by time travel: the datasets are set to the shortest."""

FAIL_SAFE = timedelta(days=7)
"""How long Google keeps them after that, for emergencies (BigQuery's documentation)."""

HELD = timedelta(days=30)
"""For so long a legal hold is remembered after it is over: who asks then is told of it."""

LOGGED = timedelta(days=30)
"""Logs are kept for so long, where the deployment says nothing else (``log_retention_days``)."""

SECRET_SEEN = timedelta(days=1)
"""After so long everybody sees a secret's newest version. It takes minutes as a rule; Secret
Manager's documentation of its consistency speaks of a few hours."""

OPEN_WINDOW = timedelta(days=OPEN_WINDOW_DAYS)

TOMBSTONE = OPEN_WINDOW + DEAD_LETTERS + OPEN_WINDOW
"""How long an executed erasure catches what comes late.

What waits in load's subscription while the sweep rewrites all else is stored, or a dead letter,
when the open window is over. A dead letter may be replayed on its last day, and then be in load's
subscription for as long again.
"""

REMEMBERED = SET_ASIDE + TOMBSTONE
"""How long ago what comes late may have been received: at worst it waited in the bucket before.

A restoration in the chat is remembered for so long, too. The message that it took back may still
come again, for what a restored person sent is taken out of no object.
"""
