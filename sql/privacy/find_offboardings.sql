-- Finds the receipts of offboardings, oldest first. If the partner is empty, it finds those of all
-- partners.
SELECT
  receipt_id,
  recorded_at,
  reference AS partner,
  COALESCE(requested_by, '') AS requested_by,
  TO_JSON_STRING(detail) AS detail
FROM `${store}.receipts_v1`
WHERE
  recorded_at >= @since
  AND operation = 'offboarding'
  AND @partner IN ('', reference)
ORDER BY recorded_at, receipt_id
