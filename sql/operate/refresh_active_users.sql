-- For each day of a stretch of days, counts the different people who were active in each of several
-- spans. The spans end with this day, and are one day to 6 months long.
--
-- This statement reads active days instead of events. A person counts in a span if the person's
-- last active day up to the end of the span lies in the span. So this last day decides about all
-- spans. Counts of days before `thawed` are final, so their stored rows stay as they are: a new
-- count could be too low, because an erasure may have removed people since. refresh_daily explains
-- why this is one statement.
--
-- An anonymised person has a new user key each day, and is counted only in the spans that end with
-- that day. For days before the cut-off of a due or executed erasure, the numbers never fall: the
-- sweep counted these days before it erased anybody.
MERGE `${store}.active_users_v1` AS stored
USING (
  WITH
  active_days AS (
    SELECT
      partner,
      project,
      user_key,
      day,
      LOGICAL_OR(has_sent) AS has_sent,
      LOGICAL_OR(is_anonymised) AS is_anonymised
    FROM (
      ${active_days}
    ) AS found
    GROUP BY partner, project, user_key, day
  ),

  people AS (
    SELECT
      active_days.partner,
      active_days.project,
      active_days.user_key,
      last_day AS day,
      MAX(active_days.day) AS last_active,
      MAX(IF(active_days.has_sent, active_days.day, NULL)) AS last_sent
    FROM active_days
    CROSS JOIN
      UNNEST(GENERATE_DATE_ARRAY(DATE(@first), DATE_SUB(DATE(@end), INTERVAL 1 DAY))) AS last_day
    WHERE
      active_days.day <= last_day
      AND active_days.day > DATE_SUB(last_day, INTERVAL 6 MONTH)
      AND (active_days.day = last_day OR NOT active_days.is_anonymised)
    GROUP BY active_days.partner, active_days.project, active_days.user_key, last_day
  ),

  counted AS (
    SELECT
      partner,
      project,
      day,
      COUNTIF(last_active = day) AS dau,
      COUNTIF(last_active > DATE_SUB(day, INTERVAL 7 DAY)) AS wau,
      COUNTIF(last_active > DATE_SUB(day, INTERVAL 30 DAY)) AS mau,
      COUNTIF(
        last_active >= DATE_SUB(day, INTERVAL MOD(EXTRACT(DAYOFWEEK FROM day) + 5, 7) DAY)
      ) AS calendar_week,
      COUNTIF(last_active >= DATE_TRUNC(day, MONTH)) AS calendar_month,
      COUNTIF(last_active > DATE_SUB(day, INTERVAL 90 DAY)) AS active_90_days,
      COUNTIF(last_sent > DATE_SUB(day, INTERVAL 90 DAY)) AS senders_90_days,
      COUNT(*) AS active_6_months,
      COUNT(last_sent) AS senders_6_months
    FROM people
    GROUP BY partner, project, day
  ),

  cut_offs AS (
    SELECT project, MAX(DATE(cut_off)) AS day
    FROM `${store}.erasures_v1`
    WHERE status IN ('due', 'executed')
    GROUP BY project
  ),

  -- If two runs inserted the same rows at the same time, this keeps one of them.
  before AS (
    SELECT
      numbers.day < DATE(@thawed) AS is_final,
      -- generated: before
      ANY_VALUE(numbers.partner) AS partner,
      numbers.project,
      numbers.day,
      ANY_VALUE(numbers.dau) AS dau,
      ANY_VALUE(numbers.wau) AS wau,
      ANY_VALUE(numbers.mau) AS mau,
      ANY_VALUE(numbers.calendar_week) AS calendar_week,
      ANY_VALUE(numbers.calendar_month) AS calendar_month,
      ANY_VALUE(numbers.active_90_days) AS active_90_days,
      ANY_VALUE(numbers.senders_90_days) AS senders_90_days,
      ANY_VALUE(numbers.active_6_months) AS active_6_months,
      ANY_VALUE(numbers.senders_6_months) AS senders_6_months
      -- end
    FROM `${store}.active_users_v1` AS numbers
    LEFT JOIN cut_offs
      ON numbers.project = cut_offs.project
    WHERE
      numbers.day >= DATE(@first)
      AND numbers.day < DATE(@end)
      AND (numbers.day < DATE(@thawed) OR numbers.day < cut_offs.day)
    GROUP BY numbers.project, numbers.day
  )

  SELECT
    -- generated: fresh
    COALESCE(before.partner, counted.partner) AS partner,
    COALESCE(before.project, counted.project) AS project,
    COALESCE(before.day, counted.day) AS day,
    IF(
      before.is_final,
      before.dau,
      GREATEST(COALESCE(before.dau, 0), COALESCE(counted.dau, 0))
    ) AS dau,
    IF(
      before.is_final,
      before.wau,
      GREATEST(COALESCE(before.wau, 0), COALESCE(counted.wau, 0))
    ) AS wau,
    IF(
      before.is_final,
      before.mau,
      GREATEST(COALESCE(before.mau, 0), COALESCE(counted.mau, 0))
    ) AS mau,
    IF(
      before.is_final,
      before.calendar_week,
      GREATEST(COALESCE(before.calendar_week, 0), COALESCE(counted.calendar_week, 0))
    ) AS calendar_week,
    IF(
      before.is_final,
      before.calendar_month,
      GREATEST(COALESCE(before.calendar_month, 0), COALESCE(counted.calendar_month, 0))
    ) AS calendar_month,
    IF(
      before.is_final,
      before.active_90_days,
      GREATEST(COALESCE(before.active_90_days, 0), COALESCE(counted.active_90_days, 0))
    ) AS active_90_days,
    IF(
      before.is_final,
      before.senders_90_days,
      GREATEST(COALESCE(before.senders_90_days, 0), COALESCE(counted.senders_90_days, 0))
    ) AS senders_90_days,
    IF(
      before.is_final,
      before.active_6_months,
      GREATEST(COALESCE(before.active_6_months, 0), COALESCE(counted.active_6_months, 0))
    ) AS active_6_months,
    IF(
      before.is_final,
      before.senders_6_months,
      GREATEST(COALESCE(before.senders_6_months, 0), COALESCE(counted.senders_6_months, 0))
    ) AS senders_6_months
    -- end
  FROM counted
  FULL JOIN before
    ON
      counted.project = before.project
      AND counted.day = before.day
) AS fresh
  ON FALSE
WHEN NOT MATCHED BY SOURCE AND stored.day >= DATE(@first) AND stored.day < DATE(@end) THEN DELETE
WHEN NOT MATCHED BY TARGET THEN
  -- generated: insert
  INSERT (
    partner, project, day, dau, wau, mau, calendar_week, calendar_month, active_90_days,
    senders_90_days, active_6_months, senders_6_months
  )
  VALUES (
    fresh.partner, fresh.project, fresh.day, fresh.dau, fresh.wau, fresh.mau, fresh.calendar_week,
    fresh.calendar_month, fresh.active_90_days, fresh.senders_90_days, fresh.active_6_months,
    fresh.senders_6_months
  )
  -- end
