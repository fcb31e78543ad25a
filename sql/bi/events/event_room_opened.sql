-- grain: one row per room_opened event
-- The messages of the room were loaded after entering. Set against session_started it tells how
-- many people left before the chat was there.
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
  AND event = 'room_opened'
