-- grain: one row per project, UTC day of receipt and room, for rooms with a chat event on the day
-- How busy each room was: the numbers of daily_activity for each room. A person who was in two
-- rooms counts in both.
--
-- A filter on day prunes the partitions of the settled days; a filter on project or room_id uses
-- the clustering of the settled days.
SELECT
  partner,
  project,
  DATE(received_at) AS day,
  room_id,
  COUNT(*) AS events,
  COUNT(DISTINCT user_key) AS active_users,
  COUNT(DISTINCT IF(event = 'message_sent', user_key, NULL)) AS senders,
  COUNTIF(event = 'message_sent') AS messages,
  COUNTIF(event = 'emoji_sent') AS animated_reactions,
  COUNTIF(event = 'message_reaction_sent') AS message_reactions
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND room_id IS NOT NULL
GROUP BY partner, project, day, room_id
