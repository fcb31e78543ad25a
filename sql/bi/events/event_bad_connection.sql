-- grain: one row per bad_connection event
-- The streaming service found the user's connection to be poor.
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
  flags
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'bad_connection'
