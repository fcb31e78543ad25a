"""How long an erasure waits, and how long it is remembered."""

from datetime import timedelta

from functions.warehouse import OPEN_WINDOW_DAYS

GRACE = timedelta(days=29)
"""From a request to the moment at which its execution is due.

The promise is that nothing of the person is live by the end of day 30. The sweep comes every hour:
with the last day for it, it may fail for most of that day and still be in time.
"""

DEAD_LETTER_DAYS = 31
"""How long the dead-letter subscription keeps an event (``terraform/modules/cell/pubsub.tf``)."""

OBJECT_DAYS = 28
"""How long spill and quarantine keep an event (``terraform/modules/cell/storage.tf``)."""

TOMBSTONE_DAYS = OPEN_WINDOW_DAYS + DEAD_LETTER_DAYS + OPEN_WINDOW_DAYS
"""How long an executed erasure catches what comes late.

What waits in load's subscription while the sweep rewrites all else is stored, or a dead letter,
when the open window is over. A dead letter may be replayed on its last day, and then be in load's
subscription for as long again."""

LATE_DAYS = OBJECT_DAYS + TOMBSTONE_DAYS
"""How long ago what comes late may have been received."""

TOMBSTONE = timedelta(days=TOMBSTONE_DAYS)

RESTORED = timedelta(days=LATE_DAYS)
"""How long a restoration is remembered: until then the message that it took back may come again,
for what the person filed in the chat is taken out of no object."""
