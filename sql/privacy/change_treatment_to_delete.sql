-- Changes waiting erasures from anonymise to delete, because a later request asks to delete the
-- rows of the same people.
UPDATE `${store}.erasures_v1`
SET treatment = 'delete'
WHERE
  project = @project
  AND user_key IN UNNEST(@user_keys)
  AND status = 'hidden'
  AND treatment = 'anonymise'
