-- grain: one row per UTC day with a chat event, of one project
-- How much happened each day of a stretch.
SELECT
  -- generated: columns
  day,
  events,
  active_users,
  senders,
  messages,
  animated_reactions,
  message_reactions,
  rooms,
  started,
  opened,
  accepted,
  sent_message,
  last_received_at
  -- end
FROM `${store}.daily_v1`
WHERE
  project = @project
  AND day >= @first
  AND day <= @last
ORDER BY day
