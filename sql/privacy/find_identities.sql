-- Finds the user ids that belong to user keys. People with an erasure are left out, unless they
-- were seen after the cut-off of the erasure.
WITH
erased AS (
  SELECT
    user_key,
    MAX(cut_off) AS cut_off
  FROM `${store}.erasures_v1`
  WHERE project = @project AND status IN ('hidden', 'due', 'executed')
  GROUP BY user_key
)

SELECT
  identities.user_key,
  identities.user_id
FROM `${store}.identities_v1` AS identities
LEFT JOIN erased ON identities.user_key = erased.user_key
WHERE
  identities.project = @project
  AND identities.user_key IN UNNEST(@user_keys)
  AND identities.last_seen >= TIMESTAMP_SUB(@now, INTERVAL (${retention_days} + 1) DAY)
  AND (erased.cut_off IS NULL OR identities.last_seen > erased.cut_off)
GROUP BY identities.user_key, identities.user_id
ORDER BY identities.user_key, identities.user_id
