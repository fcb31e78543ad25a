-- grain: one row per message_text_copied event
-- A user copied the text of a message.
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
  AND event = 'message_text_copied'
