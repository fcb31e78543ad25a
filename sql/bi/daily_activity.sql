-- grain: one row per project and UTC day of receipt, for days with a chat event
-- How much happened in the chat, and how many people took part.
--
-- A filter on day is a filter on DATE(received_at), so it prunes the partitions of the settled
-- days. A filter on project uses the clustering of the settled days.
SELECT
  partner,
  project,
  DATE(received_at) AS day,
  COUNT(*) AS events,
  COUNT(DISTINCT user_key) AS active_users,
  COUNT(DISTINCT IF(event = 'message_sent', user_key, NULL)) AS senders,
  COUNTIF(event = 'message_sent') AS messages,
  COUNTIF(event = 'emoji_sent') AS animated_reactions,
  COUNTIF(event = 'message_reaction_sent') AS message_reactions,
  COUNT(DISTINCT room_id) AS rooms,
  MAX(received_at) AS last_received_at
FROM `${bi}.events`
WHERE kind = 'chat'
GROUP BY partner, project, day
