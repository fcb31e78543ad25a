-- Finds the erasures of some people that were requested in the chat, and that no sweep has begun to
-- execute. Returns their status.
--
-- `contradicts` says whether the erasure and a restoration of the person were received in one
-- order, but their occurred_at are in the other order.
SELECT
  deletions.erasure_id,
  deletions.partner,
  deletions.project,
  MAX(deletions.status) AS status,
  COALESCE(
    LOGICAL_OR(
      deletions.status = 'hidden'
      AND (
        (
          restorations.cut_off > deletions.cut_off
          AND restorations.occurred_at < deletions.occurred_at
        )
        OR (
          restorations.cut_off < deletions.cut_off
          AND restorations.occurred_at > deletions.occurred_at
        )
      )
    ),
    FALSE
  ) AS contradicts
FROM `${store}.erasures_v1` AS deletions
LEFT JOIN `${store}.erasures_v1` AS restorations
  ON
    deletions.project = restorations.project
    AND deletions.user_key = restorations.user_key
    AND restorations.status = 'restoration'
WHERE
  deletions.project IN UNNEST(@projects)
  AND deletions.user_key IN UNNEST(@user_keys)
  AND deletions.source = 'stream'
  AND deletions.status IN ('hidden', 'restored')
GROUP BY deletions.erasure_id, deletions.partner, deletions.project
