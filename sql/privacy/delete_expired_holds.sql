-- Deletes legal holds that ended before the given time.
DELETE FROM `${store}.holds_v1`
WHERE
  until <= @over_since
  OR released_at <= @over_since
