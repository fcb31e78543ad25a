-- Restores what people took back in the chat, whichever of the two messages came first.
--
-- Whoever files either of them runs this afterwards, so that of two at once the later one sees
-- both. What was asked for by the interface is not touched.
UPDATE `${store}.erasures_v1` AS erasures
SET
  status = 'restored',
  hidden_key = NULL,
  forget_at = restorations.forget_at
FROM (
  SELECT
    project,
    user_key,
    MAX(covers_until) AS covers_until,
    MAX(forget_at) AS forget_at
  FROM `${store}.erasures_v1`
  WHERE status = 'restoration'
  GROUP BY project, user_key
) AS restorations
WHERE
  erasures.status = 'hidden'
  AND erasures.source = 'stream'
  AND erasures.project = restorations.project
  AND erasures.user_key = restorations.user_key
  AND erasures.covers_until <= restorations.covers_until
