-- grain: one row per user-list_closed event
-- A user closed the list of participants.
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
  AND event = 'user-list_closed'
