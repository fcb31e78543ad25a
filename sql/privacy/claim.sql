-- Begins the execution of the erasures that are due: they cannot be restored from now on.
--
-- An erasure takes the person's earlier ones with it, for it asks for all that was received up to
-- it. Of people whom a legal hold names nothing is begun. Without ids, all that are due are begun.
--
-- All have the same copy_salt: an event that waits outside the tables does not tell with which
-- version of the key its row was made, and is to get the same new id as that.
UPDATE `${store}.erasures_v1` AS erasures
SET
  status = 'due',
  treatment = IF(erasures.covers_until <= ripe.deletes_until, 'delete', erasures.treatment),
  claim = @claim,
  day_salt = GENERATE_UUID(),
  copy_salt = @copy_salt
FROM (
  SELECT
    project,
    user_key,
    MAX(covers_until) AS covers_until,
    MAX(IF(treatment = 'delete', covers_until, NULL)) AS deletes_until
  FROM `${store}.erasures_v1`
  WHERE
    status = 'hidden'
    AND due_at <= @now
    AND (ARRAY_LENGTH(@erasure_ids) = 0 OR erasure_id IN UNNEST(@erasure_ids))
  GROUP BY project, user_key
) AS ripe
WHERE
  erasures.status = 'hidden'
  AND erasures.project = ripe.project
  AND erasures.user_key = ripe.user_key
  AND erasures.covers_until <= ripe.covers_until
  AND NOT EXISTS (
    SELECT 1
    FROM `${store}.holds_v1` AS holds
    WHERE
      holds.project = erasures.project
      AND holds.user_key = erasures.user_key
      AND holds.released_at IS NULL
      AND holds.until > @now
  )
