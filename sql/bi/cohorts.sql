-- grain: one row per project, cohort and week in which people of the cohort came
-- Weekly return: of the people who started in a week (a cohort), how many came back in each of the
-- 12 weeks after it. Weeks begin on Monday (UTC). A person who was away for 16 weeks joins a new
-- cohort. A week in which no person of a cohort came has no row.
--
-- The numbers are rollups, as of the last refresh (00:00 UTC, or on demand). They do not change
-- after a week has left the open window. A filter on week prunes the partitions.
SELECT
  later.project,
  later.cohort_week,
  later.week,
  DIV(DATE_DIFF(later.week, later.cohort_week, DAY), 7) AS weeks_later,
  later.people,
  started.people AS cohort_people,
  SAFE_DIVIDE(later.people, started.people) AS returned
FROM `${store}.cohorts_v1` AS later
LEFT JOIN `${store}.cohorts_v1` AS started
  ON
    later.project = started.project
    AND later.cohort_week = started.cohort_week
    AND started.week = started.cohort_week
