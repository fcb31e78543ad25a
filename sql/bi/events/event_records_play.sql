-- grain: one row per records_play event
-- A user started playing a recording.
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
  properties.time_stamp AS time_stamp
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'records_play'
