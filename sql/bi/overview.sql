-- grain: one row per project, UTC day and period, if anybody came in the 6 months up to the day
-- The numbers on the first page of the back office, as of each day: for the 90 days and for the 6
-- months that end with the day.
--
-- The numbers are rollups, as of the last refresh (00:00 UTC, or on demand). Numbers of people do
-- not change after a day has left the open window. A filter on day prunes the partitions.
WITH
people AS (
  SELECT
    project,
    day,
    '90 days' AS period,
    DATE_SUB(day, INTERVAL 90 DAY) AS day_before,
    active_90_days AS active_users,
    senders_90_days AS senders
  FROM `${store}.active_users_v1`
  UNION ALL
  SELECT
    project,
    day,
    '6 months' AS period,
    DATE_SUB(day, INTERVAL 6 MONTH) AS day_before,
    active_6_months AS active_users,
    senders_6_months AS senders
  FROM `${store}.active_users_v1`
)

SELECT
  people.project,
  people.day,
  people.period,
  people.active_users,
  people.senders,
  COALESCE(SUM(daily.messages), 0) AS messages,
  COALESCE(SUM(daily.animated_reactions), 0) AS animated_reactions,
  COALESCE(SUM(daily.message_reactions), 0) AS message_reactions
FROM people
LEFT JOIN `${store}.daily_v1` AS daily
  ON
    people.project = daily.project
    AND people.day_before < daily.day
    AND people.day >= daily.day
GROUP BY people.project, people.day, people.period, people.active_users, people.senders
