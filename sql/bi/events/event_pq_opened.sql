-- grain: one row per pq_opened event
-- A user opened a poll in which they had not taken part yet.
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
  properties.user_status AS user_status,
  properties.question AS question,
  properties.img AS img
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'pq_opened'
