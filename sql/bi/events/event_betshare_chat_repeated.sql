-- grain: one row per betshare_chat_repeated event
-- A user pressed the button in the chat that repeats somebody's bet.
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
  AND event = 'betshare_chat_repeated'
