-- Deletes a partner's rows of a rollup.
DELETE FROM `${store}.active_users_v1`
WHERE
  day >= DATE(@since)
  AND partner = @partner
