-- Restores people who took back their deletion in the chat (find_taken_back). The messages about
-- the deletion and the restoration may arrive in either order.
--
-- This statement runs whenever deletions or restorations are recorded, and in each sweep. If the
-- two messages are recorded at once, the later run sees both. It does not change erasures that were
-- requested through the API.
UPDATE `${store}.erasures_v1` AS erasures
SET
  status = 'restored',
  hidden_key = NULL,
  restored_at = @now,
  expires_at = taken_back.expires_at
FROM (
  ${taken_back}
) AS taken_back
WHERE
  erasures.status = 'hidden'
  AND erasures.source = 'stream'
  AND erasures.project = taken_back.project
  AND erasures.user_key = taken_back.user_key
  AND erasures.cut_off = taken_back.cut_off
