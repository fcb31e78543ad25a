-- Deletes erasures of the chat that came too late to ask for anything: an erasure of the same
-- person that is being executed, or was, reaches as far as they do or farther.
--
-- Left to wait, such an erasure would take over the earlier part of what the other covers: rows
-- that come late would wait for it, be treated as it says, and get other new ids than their copies.
--
-- Whoever files one runs this afterwards, and so does each sweep: an insert does not wait for the
-- claim that it may meet.
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
      AND executed.covers_until >= erasures.covers_until
  )
