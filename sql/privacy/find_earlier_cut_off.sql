-- Finds each person's latest cut-off among erasures of the same kind, and returns the earliest of
-- these cut-offs; NULL if there are none.
SELECT MIN(cut_off) AS since
FROM (
  SELECT MAX(cut_off) AS cut_off
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
