-- Gives the active days in scope the user keys that anonymise_events gives to the events.
--
-- If an erasure is executed already, delete_active_days deletes its rows instead.
UPDATE `${store}.active_days_v1` AS active_days
SET
  user_key = SUBSTR(
    TO_HEX(
      SHA256(CONCAT(scopes.day_salt, active_days.user_key, CAST(active_days.day AS STRING)))
    ),
    1,
    32
  ),
  is_anonymised = TRUE
FROM (
  ${scopes}
) AS scopes
WHERE
  active_days.day >= DATE(@first)
  AND active_days.day <= DATE(@now)
  AND active_days.project = scopes.project
  AND active_days.user_key = scopes.user_key
  AND active_days.until > scopes.previous_cut_off
  AND active_days.until <= scopes.cut_off
  AND scopes.treatment = 'anonymise'
  AND scopes.status = 'due'
