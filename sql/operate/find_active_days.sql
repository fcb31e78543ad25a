-- Finds who was active on which day. As in the view `events`, hidden people have their random keys,
-- and rows in scope of an executed erasure are left out.
--
-- A person may have several rows for a day, because the cut-off of an erasure splits the day. The
-- view compares received_at with the scopes of erasures; this query compares `until`. A scope
-- begins after the cut-off of the person's previous erasure.
--
-- Other statements in this folder include this query as their variable `active_days`.
WITH
hidden AS (
  ${hidden}
)

SELECT
  active_days.partner,
  active_days.project,
  active_days.day,
  IF(hidden.project IS NULL, active_days.user_key, hidden.hidden_key) AS user_key,
  active_days.has_sent,
  active_days.is_anonymised,
  active_days.rooms
FROM `${store}.active_days_v1` AS active_days
LEFT JOIN hidden
  ON
    active_days.project = hidden.project
    AND active_days.user_key = hidden.user_key
    AND (hidden.previous_cut_off IS NULL OR active_days.until > hidden.previous_cut_off)
    AND active_days.until <= hidden.cut_off
WHERE
  active_days.day >= DATE(@since)
  AND active_days.day < DATE(@end_week)
  AND (hidden.project IS NULL OR hidden.hidden_key IS NOT NULL)
