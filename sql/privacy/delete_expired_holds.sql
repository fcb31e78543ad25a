-- Deletes legal holds that ended long enough ago.
DELETE FROM `${store}.holds_v1`
WHERE
  until <= @over_since
  OR released_at <= @over_since
