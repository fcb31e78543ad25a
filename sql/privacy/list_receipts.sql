-- Lists the receipts of one erasure that a caller may see, oldest first.
SELECT
  receipt_id,
  recorded_at,
  operation,
  partner,
  project,
  requested_by,
  people,
  TO_JSON_STRING(detail) AS detail
FROM `${store}.receipts_v1`
WHERE
  recorded_at >= @since
  AND operation IN ('erasure', 'restoration')
  AND reference = @reference
  AND (
    '*' IN UNNEST(@matters)
    OR CONCAT(partner, '/', project) IN UNNEST(@matters)
  )
ORDER BY recorded_at, receipt_id
