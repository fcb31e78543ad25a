-- Counts the chat events in the scope of each erasure on some days, by the change that the sweep
-- will make. Also finds their days, the time at which the newest of them was stored, and how many
-- of them were stored before a given time.
WITH
scopes AS (
  ${scopes}
)

SELECT
  scopes.erasure_id,
  scopes.claim,
  scopes.status,
  IF(scopes.treatment = 'delete', 'events_deleted', 'events_anonymised') AS what,
  COUNT(*) AS number,
  MAX(events.stored_at) AS latest,
  COUNTIF(events.stored_at < @stored_before) AS stored_before,
  ARRAY_AGG(DISTINCT DATE(events.received_at)) AS days
FROM `${store}.events_v1` AS events
INNER JOIN scopes
  ON
    events.project = scopes.project
    AND events.user_key = scopes.user_key
    AND events.received_at > scopes.previous_cut_off
    AND events.received_at <= scopes.cut_off
WHERE
  events.received_at >= @first
  AND events.received_at < @end
  AND TIMESTAMP_TRUNC(events.received_at, DAY) IN UNNEST(@days)
GROUP BY scopes.erasure_id, scopes.claim, scopes.status, what
