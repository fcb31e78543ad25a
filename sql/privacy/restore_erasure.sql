-- Restores the people of an erasure whose execution has not begun. From then on, views show them as
-- before.
UPDATE `${store}.erasures_v1`
SET
  status = 'restored',
  hidden_key = NULL,
  restored_at = @now,
  expires_at = @expires_at
WHERE
  erasure_id = @erasure_id
  AND project = @project
  AND mode = 'grace'
  AND status = 'hidden'
