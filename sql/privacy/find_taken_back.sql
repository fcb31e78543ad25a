-- Finds the deletions in the chat that people took back: a restoration was received at the same
-- time or later.
--
-- If both messages state when they happened, and the restoration happened earlier, the deletion
-- counts as not taken back: a hidden person can be restored, but an erasure that is missed cannot
-- be made up for. Other statements in this folder include this query as their variable
-- `taken_back`.
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
