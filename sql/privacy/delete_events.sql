-- Deletes the events in scope of erasures with the treatment `delete`.
DELETE FROM `${store}.events_v1` AS events
WHERE
  events.received_at >= @first
  AND events.received_at < @end
  AND TIMESTAMP_TRUNC(events.received_at, DAY) IN UNNEST(@days)
  AND EXISTS (
    SELECT 1
    FROM (
      ${scopes}
    ) AS scopes
    WHERE
      scopes.project = events.project
      AND scopes.user_key = events.user_key
      AND scopes.previous_cut_off < events.received_at
      AND scopes.cut_off >= events.received_at
      AND scopes.treatment = 'delete'
  )
