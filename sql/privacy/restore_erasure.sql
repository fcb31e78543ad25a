-- Restores the people of an erasure who still wait; from then on views show them as before.
UPDATE `${store}.erasures_v1`
SET
  status = 'restored',
  hidden_key = NULL,
  forget_at = @forget_at
WHERE
  erasure_id = @erasure_id
  AND project = @project
  AND mode = 'grace'
  AND status = 'hidden'
