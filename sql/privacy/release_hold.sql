-- Releases a legal hold: what it held up goes on with the next sweep.
UPDATE `${store}.holds_v1`
SET released_at = @now
WHERE
  hold_id = @hold_id
  AND released_at IS NULL
