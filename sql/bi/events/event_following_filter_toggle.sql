-- grain: one row per following_filter_toggle event
-- A user filtered the chat by the people they follow, or ended that.
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
  properties.status AS status
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'following_filter_toggle'
