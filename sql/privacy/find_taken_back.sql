-- Finds the deletions in the chat that people took back: a restoration was received at the same
-- time or later.
--
-- If both messages state an occurred_at, and that of the restoration is earlier, the deletion does
-- not count as taken back: hiding a person can be undone, but missing an erasure cannot.
--
-- Other statements in this folder include this query as their variable `taken_back`.
SELECT
  deletions.project,
  deletions.user_key,
  deletions.cut_off,
  MAX(restorations.expires_at) AS expires_at
FROM `${store}.erasures_v1` AS deletions
INNER JOIN `${store}.erasures_v1` AS restorations
  ON
    deletions.project = restorations.project
    AND deletions.user_key = restorations.user_key
    AND deletions.cut_off <= restorations.cut_off
    AND (
      deletions.occurred_at IS NULL
      OR restorations.occurred_at IS NULL
      OR deletions.occurred_at <= restorations.occurred_at
    )
WHERE
  deletions.status = 'hidden'
  AND deletions.source = 'stream'
  AND restorations.status = 'restoration'
GROUP BY deletions.project, deletions.user_key, deletions.cut_off
