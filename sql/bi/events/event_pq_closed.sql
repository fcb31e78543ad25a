-- grain: one row per pq_closed event
-- A user closed a poll.
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
  properties.type AS type,
  properties.question AS question,
  properties.img AS img
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'pq_closed'
