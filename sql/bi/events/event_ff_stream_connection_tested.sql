-- grain: one row per ff_stream_connection_tested event
-- A user measured the internet connection.
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
  properties.speed AS speed,
  properties.ping AS ping
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'ff_stream_connection_tested'
