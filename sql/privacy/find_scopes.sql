-- Finds the scopes of the erasures that are being executed or were executed.
--
-- A scope begins after the cut-off of the person's previous erasure, and ends at the cut-off of the
-- erasure itself. If two erasures have the same cut-off, the scope of the second is empty. People
-- on legal hold have no scope. An erasure that delete_superseded_erasures is going to delete has no
-- scope either, and no other scope begins at its cut-off. Otherwise, its deletion would change
-- other scopes.
--
-- Other statements in this folder include this query as their variable `scopes`.
SELECT
  erasure_id, partner, project, user_key, treatment, status, claim, previous_cut_off, cut_off,
  day_salt, copy_salt, executed_at
FROM (
  SELECT
    erasure_id, partner, project, user_key, treatment, status, claim, cut_off, day_salt,
    copy_salt, executed_at,
    LAG(cut_off, 1, TIMESTAMP '0001-01-01 00:00:00+00') OVER (
      PARTITION BY project, user_key ORDER BY cut_off, erasure_id
    ) AS previous_cut_off
  FROM (
    SELECT
      erasure_id, partner, project, user_key, source, treatment, status, claim, cut_off, day_salt,
      copy_salt, executed_at,
      MAX(IF(status IN ('due', 'executed'), cut_off, NULL)) OVER (
        PARTITION BY project, user_key
      ) AS executed_until
    FROM `${store}.erasures_v1`
    WHERE status IN ('hidden', 'due', 'executed')
  ) AS unsorted
  WHERE
    status != 'hidden'
    OR source != 'stream'
    OR executed_until IS NULL
    OR executed_until < cut_off
) AS erasures
WHERE
  status IN ('due', 'executed')
  AND NOT EXISTS (
    SELECT 1
    FROM `${store}.holds_v1` AS holds
    WHERE
      holds.project = erasures.project
      AND holds.user_key = erasures.user_key
      AND holds.released_at IS NULL
      AND holds.until > @now
  )
