-- Deletes erasures that people requested in the chat and that another erasure makes unnecessary.
-- The other erasure has the same or a later cut-off, and is being executed or was executed.
--
-- If an unnecessary erasure stayed, it would take over the earlier part of the other erasure's
-- scope. Late rows in that part would have to wait for it, and their new ids would differ from
-- those of their copies.
--
-- This statement runs whenever deletions in the chat are recorded, and in each sweep, because an
-- insert does not wait for a concurrent claim_due_erasures.
DELETE FROM `${store}.erasures_v1` AS erasures
WHERE
  erasures.status = 'hidden'
  AND erasures.source = 'stream'
  AND EXISTS (
    SELECT 1
    FROM `${store}.erasures_v1` AS executed
    WHERE
      executed.project = erasures.project
      AND executed.user_key = erasures.user_key
      AND executed.status IN ('due', 'executed')
      AND executed.cut_off >= erasures.cut_off
  )
