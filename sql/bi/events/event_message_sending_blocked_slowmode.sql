-- grain: one row per message_sending_blocked_slowmode event
-- A message could not be sent because slow mode was on.
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
  AND event = 'message_sending_blocked_slowmode'
