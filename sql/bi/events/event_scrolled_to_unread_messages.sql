-- grain: one row per scrolled_to_unread_messages event
-- A user jumped to the newest or unread messages with the arrow button.
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
  AND event = 'scrolled_to_unread_messages'
