-- Deletes the covered events of people whose rows are to be deleted.
DELETE FROM `${store}.events_v1` AS events
WHERE
  events.received_at >= @first
  AND events.received_at <= @now
  AND EXISTS (
    SELECT 1
    FROM (
      ${covered}
    ) AS covered
    WHERE
      covered.project = events.project
      AND covered.user_key = events.user_key
      AND covered.covers_after < events.received_at
      AND covered.covers_until >= events.received_at
      AND covered.treatment = 'delete'
  )
