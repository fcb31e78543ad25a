-- grain: one row per ff_stream_type_of_problem_selected event
-- A user said what is wrong with the stream.
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
  AND event = 'ff_stream_type_of_problem_selected'
