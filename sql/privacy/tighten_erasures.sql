-- Lets erasures of people that wait to anonymise delete instead: a later request asks for that.
UPDATE `${store}.erasures_v1`
SET treatment = 'delete'
WHERE
  project = @project
  AND user_key IN UNNEST(@user_keys)
  AND status = 'hidden'
  AND treatment = 'anonymise'
