"""How long an erasure waits, and how long it is remembered."""

from datetime import timedelta

GRACE = timedelta(days=29)
"""From a request to the moment at which its execution is due.

The promise is that nothing of the person is live by the end of day 30. The sweep comes every hour:
with the last day for it, it may fail for most of that day and still be in time.
"""

SUBSCRIPTION = timedelta(days=7)
"""Pub/Sub keeps what is not acknowledged for so long (`modules/cell/pubsub.tf`)."""

DEAD_LETTERS = timedelta(days=31)
"""The same for dead letters, counted anew from when a message became one."""

UNPARSED = timedelta(days=7)
"""What lies in spill or quarantine and cannot be rewritten goes after so long."""

SET_ASIDE = timedelta(days=28)
"""What lies in spill or quarantine goes after so long (`modules/cell/storage.tf`)."""

EXPORTED = timedelta(days=1)
"""The same for exports."""

HELD = timedelta(days=30)
"""For so long a legal hold is remembered after it is over: who asks then is told of it."""

LOGGED = timedelta(days=30)
"""Logs are kept for so long, where the deployment says nothing else (``log_retention_days``)."""

SPARE = timedelta(days=1)

REMEMBERED = UNPARSED + SUBSCRIPTION + DEAD_LETTERS + SPARE
"""The longest way of a message from its receipt to the table, or to the stream of deletions.

At worst it waits in the bucket, is replayed on the last day, waits in the subscription, becomes a
dead letter, and is replayed again on that one's last day. Until then a row that tells of an
erasure, or of a restoration, must be there to meet it.
"""
