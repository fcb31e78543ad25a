-- grain: one row per project, UTC day and period, while anybody came in the 6 months before
-- What the back office opens with, as of each day: the 90 days and the 6 months that end with it.
--
-- These are rollups: as of the last refresh (00:00 UTC, or on demand). People of days that have
-- left the open window are counted once and for all. A filter on day reaches the partitions.
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
