-- Deletes erasures from the chat that another erasure makes unnecessary. The other one has the same
-- or a later cut-off, and it is being executed or was executed.
--
-- Otherwise the unnecessary erasure would take over the earlier part of the other one's scope. Late
-- rows in that part would wait for it, and would get other new ids than their copies.
--
-- This statement runs after each filing and in each sweep, because an insert does not wait for a
-- claim that runs at the same time.
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
