-- Finds the people of a request who already have an erasure of the kind that the request asks for,
-- and the id of that erasure.
--
-- The condition is outside the query that groups, because in HAVING the name erasure_id would mean
-- the aggregate, and an aggregate of an aggregate is an error.
WITH
latest AS (
  SELECT
    user_key,
    MAX_BY(erasure_id, cut_off) AS erasure_id
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
