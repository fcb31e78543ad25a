-- Lists the legal holds that a caller may see, newest first. An empty id means all holds.
SELECT
  hold_id,
  ANY_VALUE(partner) AS partner,
  ANY_VALUE(project) AS project,
  ANY_VALUE(reason) AS reason,
  MIN(filed_at) AS filed_at,
  ANY_VALUE(filed_by) AS filed_by,
  ANY_VALUE(until) AS until,
  MAX(released_at) AS released_at,
  COUNT(*) AS user_keys
FROM `${store}.holds_v1`
WHERE
  (
    '*' IN UNNEST(@matters)
    OR CONCAT(partner, '/', project) IN UNNEST(@matters)
  )
  AND (@hold_id = '' OR hold_id = @hold_id)
GROUP BY hold_id
ORDER BY hold_id DESC
