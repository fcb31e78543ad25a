-- Up to when the erasures reach that are due and not begun; NULL where there is none.
SELECT MAX(covers_until) AS covers_until
FROM `${store}.erasures_v1`
WHERE
  status = 'hidden'
  AND due_at <= @now
  AND (ARRAY_LENGTH(@erasure_ids) = 0 OR erasure_id IN UNNEST(@erasure_ids))
