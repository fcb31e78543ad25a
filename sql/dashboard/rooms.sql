-- grain: one row per room, for the ten rooms of one project with the most chat events
-- The busiest rooms of a stretch of days. The numbers of people on several days cannot be added up,
-- because one person may come on several days. So `people` is the number on the room's best day.
SELECT
  room_id,
  MAX_BY(name, IF(name IS NULL, NULL, day)) AS name,
  SUM(events) AS events,
  SUM(messages) AS messages,
  SUM(animated_reactions) + SUM(message_reactions) AS reactions,
  MAX(active_users) AS people
FROM `${store}.rooms_daily_v1`
WHERE
  project = @project
  AND day >= @first
  AND day <= @last
GROUP BY room_id
ORDER BY events DESC, room_id ASC
LIMIT 10
