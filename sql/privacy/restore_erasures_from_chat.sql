-- Restores people who took back their deletion in the chat, whether the message about the deletion
-- or the one about the restoration arrived first.
--
-- This statement runs whenever such messages are recorded, and in each sweep. If the two messages
-- are recorded at once, the later run sees both. It does not change erasures that were requested
-- through the API.
UPDATE `${store}.erasures_v1` AS erasures
SET
  status = 'restored',
  hidden_key = NULL,
  restored_at = @now,
  expires_at = restorations.expires_at
FROM (
  SELECT
    project,
    user_key,
    MAX(cut_off) AS cut_off,
    MAX(expires_at) AS expires_at
  FROM `${store}.erasures_v1`
  WHERE status = 'restoration'
  GROUP BY project, user_key
) AS restorations
WHERE
  erasures.status = 'hidden'
  AND erasures.source = 'stream'
  AND erasures.project = restorations.project
  AND erasures.user_key = restorations.user_key
  AND erasures.cut_off <= restorations.cut_off
