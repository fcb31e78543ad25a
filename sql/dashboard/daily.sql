-- grain: one row per UTC day with a chat event, for one project
-- How much happened on each day of a stretch of days.
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
