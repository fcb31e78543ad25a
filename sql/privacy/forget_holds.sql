-- Deletes legal holds that have been over for long enough: nobody need know of them any more.
DELETE FROM `${store}.holds_v1`
WHERE
  until <= @over_since
  OR released_at <= @over_since
