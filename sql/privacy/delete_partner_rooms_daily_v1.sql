-- Deletes a partner's rows of a rollup.
DELETE FROM `${store}.rooms_daily_v1`
WHERE
  day >= DATE(@since)
  AND partner = @partner
