-- Releases a legal hold. The next sweep continues with the erasures that waited for its end.
UPDATE `${store}.holds_v1`
SET released_at = @now
WHERE
  hold_id = @hold_id
  AND released_at IS NULL
