-- Makes executed erasures due again, because tables were restored to a time before their execution.
--
-- copy_salt does not change, so copies of an event get the same new id as before. If people have
-- been put on legal hold since the execution, their erasures wait for the end of the hold.
UPDATE `${store}.erasures_v1`
SET
  status = 'due',
  claim = @claim,
  day_salt = GENERATE_UUID(),
  executed_at = NULL,
  expires_at = NULL
WHERE
  status = 'executed'
  AND executed_at >= @restored_to
  AND executed_at <= @until
