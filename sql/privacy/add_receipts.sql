-- Adds receipts, each given as JSON. A receipt whose id is stored already is not added again.
INSERT INTO `${store}.receipts_v1` (
  receipt_id, recorded_at, operation, reference, partner, project, requested_by, people, detail
)
SELECT
  JSON_VALUE(receipt, '$$.receipt_id') AS receipt_id,
  @recorded_at AS recorded_at,
  JSON_VALUE(receipt, '$$.operation') AS operation,
  JSON_VALUE(receipt, '$$.reference') AS reference,
  NULLIF(JSON_VALUE(receipt, '$$.partner'), '') AS partner,
  NULLIF(JSON_VALUE(receipt, '$$.project'), '') AS project,
  NULLIF(JSON_VALUE(receipt, '$$.requested_by'), '') AS requested_by,
  CAST(JSON_VALUE(receipt, '$$.people') AS INT64) AS people,
  JSON_QUERY(receipt, '$$.detail') AS detail
FROM (
  SELECT PARSE_JSON(text) AS receipt
  FROM UNNEST(@receipts) AS text
) AS given
WHERE NOT EXISTS (
  SELECT 1
  FROM `${store}.receipts_v1` AS stored
  WHERE
    stored.receipt_id = JSON_VALUE(given.receipt, '$$.receipt_id')
    AND stored.recorded_at <= @recorded_at
)
