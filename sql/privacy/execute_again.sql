-- Sets erasures back to being executed: tables were restored to a moment before their execution.
--
-- Their copies keep the ids that they got, for copy_salt stays. Whom a legal hold names meanwhile
-- waits for its end, as everybody does whose execution has begun.
UPDATE `${store}.erasures_v1`
SET
  status = 'due',
  claim = @claim,
  day_salt = GENERATE_UUID(),
  executed_at = NULL,
  forget_at = NULL
WHERE
  status = 'executed'
  AND executed_at >= @restored_to
  AND executed_at <= @until
