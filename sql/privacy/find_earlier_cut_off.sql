-- Finds each person's latest erasure of the kind that a request asks for. Returns the earliest of
-- the cut-offs, and the ids of these erasures; NULL if there are none.
--
-- If the request asks to delete rows, a waiting erasure that would only anonymise is also of this
-- kind, because file_erasure makes it delete rows.
SELECT
  MIN(cut_off) AS since,
  ARRAY_AGG(DISTINCT erasure_id) AS erasure_ids
FROM (
  SELECT
    MAX(cut_off) AS cut_off,
    MAX_BY(erasure_id, cut_off) AS erasure_id
  FROM `${store}.erasures_v1`
  WHERE
    project = @project
    AND user_key IN UNNEST(@user_keys)
    AND source = 'api'
    AND mode = @mode
    AND status IN ('hidden', 'due', 'executed')
    AND (
      treatment = @treatment
      OR (@treatment = 'delete' AND status = 'hidden')
    )
  GROUP BY user_key
) AS latest
