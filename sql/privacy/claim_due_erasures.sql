-- Begins to execute the erasures that are due. From then on, they cannot be restored.
--
-- Together with an erasure that is due, the person's earlier erasures begin, because all events
-- that were received up to the cut-off must be erased. Erasures of people on legal hold do not
-- begin. If the list of ids is empty, all erasures that are due begin.
--
-- All erasures that begin get the same copy_salt, because an event outside the tables must get the
-- same new id as its row, and the event does not say which version of the pseudonym key the row
-- has.
UPDATE `${store}.erasures_v1` AS erasures
SET
  status = 'due',
  treatment = IF(erasures.cut_off <= due.deletes_until, 'delete', erasures.treatment),
  claim = @claim,
  day_salt = GENERATE_UUID(),
  copy_salt = @copy_salt
FROM (
  SELECT
    project,
    user_key,
    MAX(cut_off) AS cut_off,
    MAX(IF(treatment = 'delete', cut_off, NULL)) AS deletes_until
  FROM `${store}.erasures_v1`
  WHERE
    status = 'hidden'
    AND due_at <= @now
    AND (ARRAY_LENGTH(@erasure_ids) = 0 OR erasure_id IN UNNEST(@erasure_ids))
  GROUP BY project, user_key
) AS due
WHERE
  erasures.status = 'hidden'
  AND erasures.project = due.project
  AND erasures.user_key = due.user_key
  AND erasures.cut_off <= due.cut_off
  AND NOT EXISTS (
    SELECT 1
    FROM `${store}.holds_v1` AS holds
    WHERE
      holds.project = erasures.project
      AND holds.user_key = erasures.user_key
      AND holds.released_at IS NULL
      AND holds.until > @now
  )
