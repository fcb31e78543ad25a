-- Deletes the active days in scope of erasures with the treatment `delete`, and of executed
-- erasures.
--
-- A row in scope of an executed erasure comes from a refresh that read the events before the sweep
-- changed them, and ended after the sweep. It is deleted even if the erasure anonymises rows.
DELETE FROM `${store}.active_days_v1` AS active_days
WHERE
  active_days.day >= DATE(@first)
  AND active_days.day <= DATE(@now)
  AND EXISTS (
    SELECT 1
    FROM (
      ${scopes}
    ) AS scopes
    WHERE
      scopes.project = active_days.project
      AND scopes.user_key = active_days.user_key
      AND scopes.previous_cut_off < active_days.until
      AND scopes.cut_off >= active_days.until
      AND (
        scopes.treatment = 'delete'
        OR scopes.status = 'executed'
      )
  )
