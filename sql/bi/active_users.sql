-- grain: one row per project and UTC day, while anybody came in the 6 months before
-- DAU, WAU and MAU: the people with a chat event on the day, in the 7 days and in the 30 days that
-- end with it; week and month are the calendar's, from Monday or the first up to the day, so their
-- last day has the whole. Stickiness is the share of the month's people that came on the day.
--
-- These are rollups: as of the last refresh (00:00 UTC, or on demand), and unchanged for days that
-- have left the open window. A filter on day reaches their partitions.
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
