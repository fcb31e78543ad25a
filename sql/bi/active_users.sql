-- grain: one row per project and UTC day, from the project's first active day to today
-- DAU, WAU and MAU: the people with a chat event on the day, in the 7 days and in the 30 days that
-- end with it; stickiness is the share of the month's people that came on the day.
--
-- Counted in one pass: a person enters a window's count with an active day and leaves it when the
-- window has passed or the person's next active day takes over; the running sum of entering and
-- leaving is the number of different people. A filter on project reaches the scan; one on day does
-- not, as a day depends on the 29 before it.
WITH
active_days AS (
  SELECT project, user_key, DATE(received_at) AS day
  FROM `${bi}.events`
  WHERE kind = 'chat' AND user_key IS NOT NULL
  GROUP BY project, user_key, day
),
spans AS (
  SELECT
    project,
    day,
    LEAD(day) OVER (PARTITION BY project, user_key ORDER BY day) AS next_day
  FROM active_days
),
changes AS (
  SELECT spans.project, change.day, change.daily, change.weekly, change.monthly
  FROM spans
  CROSS JOIN UNNEST([
    STRUCT(spans.day AS day, 1 AS daily, 1 AS weekly, 1 AS monthly),
    STRUCT(DATE_ADD(spans.day, INTERVAL 1 DAY) AS day, -1 AS daily, 0 AS weekly, 0 AS monthly),
    STRUCT(
      LEAST(
        DATE_ADD(spans.day, INTERVAL 7 DAY),
        COALESCE(spans.next_day, DATE_ADD(spans.day, INTERVAL 7 DAY))
      ) AS day,
      0 AS daily, -1 AS weekly, 0 AS monthly
    ),
    STRUCT(
      LEAST(
        DATE_ADD(spans.day, INTERVAL 30 DAY),
        COALESCE(spans.next_day, DATE_ADD(spans.day, INTERVAL 30 DAY))
      ) AS day,
      0 AS daily, 0 AS weekly, -1 AS monthly
    )
  ]) AS change
),
daily_changes AS (
  SELECT
    project, day, SUM(daily) AS daily, SUM(weekly) AS weekly, SUM(monthly) AS monthly
  FROM changes
  WHERE day <= CURRENT_DATE()
  GROUP BY project, day
),
totals AS (
  SELECT
    project,
    day AS first_day,
    COALESCE(
      DATE_SUB(LEAD(day) OVER (PARTITION BY project ORDER BY day), INTERVAL 1 DAY),
      CURRENT_DATE()
    ) AS last_day,
    SUM(daily) OVER (PARTITION BY project ORDER BY day) AS dau,
    SUM(weekly) OVER (PARTITION BY project ORDER BY day) AS wau,
    SUM(monthly) OVER (PARTITION BY project ORDER BY day) AS mau
  FROM daily_changes
)
SELECT
  totals.project,
  day,
  totals.dau,
  totals.wau,
  totals.mau,
  SAFE_DIVIDE(totals.dau, totals.mau) AS stickiness
FROM totals
CROSS JOIN UNNEST(GENERATE_DATE_ARRAY(totals.first_day, totals.last_day)) AS day
