-- grain: one row per ff_stream_evaluated event
-- A user rated the stream.
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
  properties.evaluation AS evaluation
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'ff_stream_evaluated'
