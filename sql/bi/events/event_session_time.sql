-- grain: one row per session_time event
-- How long the user has been in the room, sent again as the visit goes on.
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
  AND event = 'session_time'
