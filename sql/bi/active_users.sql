-- grain: one row per project and UTC day, if anybody came in the 6 months up to the day
-- DAU, WAU and MAU: the people with a chat event on the day, and in the 7 days and the 30 days that
-- end with it. Calendar weeks begin on Monday; a calendar week or month is counted up to the day,
-- so it is complete on its last day only. Stickiness is DAU divided by MAU.
--
-- The numbers are rollups, as of the last refresh (00:00 UTC, or on demand). They do not change
-- after a day has left the open window. A filter on day prunes the partitions.
SELECT
  project,
  day,
  dau,
  wau,
  mau,
  calendar_week,
  calendar_month,
  SAFE_DIVIDE(dau, mau) AS stickiness
FROM `${store}.active_users_v1`
