-- Finds the active days of the people whose erasures are being executed.
--
-- The query reads active days, because they are far smaller than the events. Active days lack
-- events that came after the last refresh of their day, so the sweep searches the days of these
-- events in any case.
WITH
scopes AS (
  ${scopes}
)

SELECT DISTINCT TIMESTAMP(active_days.day) AS day
FROM `${store}.active_days_v1` AS active_days
INNER JOIN scopes
  ON
    active_days.project = scopes.project
    AND active_days.user_key = scopes.user_key
    AND active_days.until > scopes.previous_cut_off
    AND active_days.until <= scopes.cut_off
WHERE
  active_days.day >= DATE(@first)
  AND active_days.day <= DATE(@now)
  AND scopes.status = 'due'
ORDER BY day
