-- grain: one row per session_started event
-- The chat's frame was opened with a user and a room in its address. One visit may send it several
-- times, so count distinct users.
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
  properties.room_status AS room_status
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'session_started'
