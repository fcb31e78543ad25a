-- grain: one row per agreement_accepted event
-- A user accepted the privacy policy and the license agreement and went on.
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
  AND event = 'agreement_accepted'
