-- Counts the rows of these people in identities_v1.
SELECT COUNT(*) AS identities
FROM `${store}.identities_v1`
WHERE
  last_seen >= TIMESTAMP('2000-01-01')
  AND project = @project
  AND user_key IN UNNEST(@user_keys)
