-- Since when people have been covered who were covered by the same request before; NULL for nobody.
SELECT MIN(covers_until) AS since
FROM (
  SELECT MAX(covers_until) AS covers_until
  FROM `${store}.erasures_v1`
  WHERE
    project = @project
    AND user_key IN UNNEST(@user_keys)
    AND source = 'api'
    AND mode = @mode
    AND treatment = @treatment
    AND status IN ('hidden', 'due', 'executed')
  GROUP BY user_key
) AS latest
