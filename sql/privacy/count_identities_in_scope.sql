-- Counts the identities in the scope of each erasure. Also finds when the newest of them was last
-- seen.
--
-- All days are searched, because settle may have merged a late row into a row of a later day.
WITH
scopes AS (
  ${scopes}
)

SELECT
  scopes.erasure_id,
  scopes.claim,
  scopes.status,
  'identities_erased' AS what,
  COUNT(*) AS number,
  MAX(identities.last_seen) AS latest
FROM `${store}.identities_v1` AS identities
INNER JOIN scopes
  ON
    identities.project = scopes.project
    AND identities.user_key = scopes.user_key
    AND identities.first_seen > scopes.previous_cut_off
    AND identities.first_seen <= scopes.cut_off
WHERE identities.last_seen >= @oldest
GROUP BY scopes.erasure_id, scopes.claim, scopes.status
