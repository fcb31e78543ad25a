-- grain: one row per records_back event
-- A user jumped back in a recording.
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
  properties.duration AS duration
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'records_back'
