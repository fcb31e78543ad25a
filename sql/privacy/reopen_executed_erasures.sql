-- Sets executed erasures back to due, because tables were restored to a time before their
-- execution.
--
-- copy_salt stays, so copies keep their new ids. The erasures of people who were put on legal hold
-- meanwhile wait for the end of the hold, like every erasure that has begun.
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
