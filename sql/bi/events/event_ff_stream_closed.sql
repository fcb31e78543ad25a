-- grain: one row per ff_stream_closed event
-- A user closed the form before its end.
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
  properties.step AS step
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'ff_stream_closed'
