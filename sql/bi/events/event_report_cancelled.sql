-- grain: one row per report_cancelled event
-- A user broke off a report after a reason was chosen.
SELECT
  ingest_id,
  received_at,
  occurred_at,
  project,
  room_id,
  user_key,
  platform,
  source,
  screen_size,
  browser,
  os,
  device_type,
  flags,
  properties.type AS type
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'report_cancelled'
