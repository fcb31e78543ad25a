-- Which people of a request another erasure of the same kind covers, and which.
--
-- The condition stands outside of the query that groups: in a HAVING the name erasure_id would be
-- the aggregate, and an aggregate of it is an error.
WITH
latest AS (
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
)

SELECT
  user_key,
  erasure_id
FROM latest
WHERE erasure_id != @erasure_id
