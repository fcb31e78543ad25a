-- Restores what a person took back in the chat: the two messages may have come at once, or in the
-- wrong order.
UPDATE `${store}.erasures_v1` AS erasures
SET
  status = 'restored',
  hidden_key = NULL
WHERE
  erasures.status = 'hidden'
  AND erasures.source = 'stream'
  AND EXISTS (
    SELECT 1
    FROM `${store}.erasures_v1` AS restorations
    WHERE
      restorations.status = 'restoration'
      AND restorations.project = erasures.project
      AND restorations.user_key = erasures.user_key
      AND restorations.covers_until >= erasures.covers_until
  )
