-- Finds the latest cut-off of the erasures that are due but not begun; NULL if there are none.
SELECT MAX(cut_off) AS cut_off
FROM `${store}.erasures_v1`
WHERE
  status = 'hidden'
  AND due_at <= @now
  AND (ARRAY_LENGTH(@erasure_ids) = 0 OR erasure_id IN UNNEST(@erasure_ids))
