-- grain: one row per project, UTC day and period, while anybody came in the 6 months before
-- What the back office opens with, as of each day: the 90 days and the 6 months that end with it.
--
-- These are rollups: as of the last refresh (00:00 UTC, or on demand). People of days that have
-- left the open window are counted once and for all. A filter on day reaches the partitions.
SELECT
  users.project,
  users.day,
  span.name AS period,
  span.active_users,
  span.senders,
  COALESCE(SUM(daily.messages), 0) AS messages,
  COALESCE(SUM(daily.animated_reactions), 0) AS animated_reactions,
  COALESCE(SUM(daily.message_reactions), 0) AS message_reactions
FROM `${store}.active_users_v1` AS users
CROSS JOIN
  UNNEST([
    STRUCT(
      '90 days' AS name,
      DATE_SUB(users.day, INTERVAL 90 DAY) AS day_before,
      users.active_90_days AS active_users,
      users.senders_90_days AS senders
    ),
    STRUCT(
      '6 months' AS name,
      DATE_SUB(users.day, INTERVAL 6 MONTH) AS day_before,
      users.active_6_months AS active_users,
      users.senders_6_months AS senders
    )
  ]) AS span
LEFT JOIN `${store}.daily_v1` AS daily
  ON
    users.project = daily.project
    AND span.day_before < daily.day
    AND users.day >= daily.day
GROUP BY users.project, users.day, period, span.active_users, span.senders
