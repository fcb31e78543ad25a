-- grain: one row per room, for the ten rooms of one project with the most chat events
-- The busiest rooms of a stretch of days. The numbers of people on several days cannot be added
-- up, because one person may come on several days. So the numbers of people come from the newest
-- counted day of the stretch: each is of a span that ends with that day, `people_until`.
--
-- A room has no row for a day if it had no people in the 6 months up to that day, so its number is
-- 0. All numbers of people are NULL if they are counted for no day of the stretch.
WITH
busiest AS (
  SELECT
    room_id,
    MAX_BY(name, IF(name IS NULL, NULL, day)) AS name,
    SUM(events) AS events,
    SUM(messages) AS messages,
    SUM(animated_reactions) + SUM(message_reactions) AS reactions
  FROM `${store}.rooms_daily_v1`
  WHERE
    project = @project
    AND day >= @first
    AND day <= @last
  GROUP BY room_id
  ORDER BY events DESC, room_id ASC
  LIMIT 10
),

people AS (
  SELECT
    day,
    room_id,
    active_90_days,
    active_6_months
  FROM `${store}.room_people_v1`
  WHERE
    project = @project
    AND day >= @first
    AND day <= @last
),

newest AS (
  SELECT MAX(day) AS day
  FROM people
)

SELECT
  busiest.room_id,
  busiest.name,
  busiest.events,
  busiest.messages,
  busiest.reactions,
  newest.day AS people_until,
  IF(newest.day IS NULL, NULL, COALESCE(people.active_90_days, 0)) AS active_90_days,
  IF(newest.day IS NULL, NULL, COALESCE(people.active_6_months, 0)) AS active_6_months
FROM busiest
CROSS JOIN newest
LEFT JOIN people
  ON
    busiest.room_id = people.room_id
    AND newest.day = people.day
ORDER BY busiest.events DESC, busiest.room_id ASC
