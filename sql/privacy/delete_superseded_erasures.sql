-- Deletes erasures that people requested in the chat and that another erasure makes unnecessary.
-- There are two cases. In the first case, the other erasure has the same or a later cut-off, and is
-- being executed or was executed. In the second case, the sender repeated a message, and each copy
-- of the message has an erasure: then the erasure of the copy that was received first stays.
-- file_deletions records both copies only if it gets the later copy first.
--
-- If an unnecessary erasure stayed, it would take over the earlier part of the other erasure's
-- scope. Late rows in that part would have to wait for the unnecessary erasure, and would get other
-- new ids than their copies.
--
-- This statement runs whenever deletions in the chat are recorded, and in each sweep, because an
-- insert does not wait for a concurrent claim_due_erasures.
DELETE FROM `${store}.erasures_v1` AS erasures
WHERE
  erasures.status = 'hidden'
  AND erasures.source = 'stream'
  AND EXISTS (
    SELECT 1
    FROM `${store}.erasures_v1` AS others
    WHERE
      others.project = erasures.project
      AND others.user_key = erasures.user_key
      AND (
        (
          others.status IN ('due', 'executed')
          AND others.cut_off >= erasures.cut_off
        )
        OR (
          others.source = 'stream'
          AND others.status != 'restoration'
          AND others.cut_off < erasures.cut_off
          AND others.occurred_at = erasures.occurred_at
          AND others.cut_off <= TIMESTAMP_ADD(others.occurred_at, INTERVAL 1 DAY)
        )
      )
  )
