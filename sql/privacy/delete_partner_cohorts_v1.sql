-- Deletes a partner's rows of a rollup.
DELETE FROM `${store}.cohorts_v1`
WHERE
  week >= DATE(@since)
  AND partner = @partner
