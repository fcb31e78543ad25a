-- grain: one row per records_speed_changed event
-- A user changed the speed of a recording.
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
  properties.speed AS speed
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'records_speed_changed'
