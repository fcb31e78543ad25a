-- Which people of a request another erasure of the same kind covers, and which.
SELECT
  user_key,
  MAX_BY(erasure_id, covers_until) AS erasure_id
FROM `${store}.erasures_v1`
WHERE
  project = @project
  AND user_key IN UNNEST(@user_keys)
  AND source = 'api'
  AND mode = @mode
  AND treatment = @treatment
  AND status IN ('hidden', 'due', 'executed')
GROUP BY user_key
HAVING MAX_BY(erasure_id, covers_until) != @erasure_id
