-- Finds the days on which people were active whose erasure is being executed.
--
-- It reads active days, which are far smaller than the events. They do not know the events that
-- came since a day was last refreshed, so such days are searched in any case.
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
