-- Finds the receipts of erasures, each once, with their details as JSON.
SELECT
  receipt_id,
  ANY_VALUE(reference) AS reference,
  ANY_VALUE(TO_JSON_STRING(detail)) AS detail
FROM `${store}.receipts_v1`
WHERE
  recorded_at <= @now
  AND operation = 'erasure'
  AND reference IN UNNEST(@references)
GROUP BY receipt_id
