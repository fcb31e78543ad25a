-- Anonymises the events in scope: each event gets a new id, and each person gets a new key for each
-- day.
--
-- If a sweep continues an interrupted one, it uses the same key for each day. Rows that arrive
-- after the erasure was executed get no key. Copies of an event get the same new id, and the same
-- new retry_key if they have one, so they can still be recognised as copies.
UPDATE `${store}.events_v1` AS events
SET
  user_key = IF(
    scopes.status = 'due',
    SUBSTR(
      TO_HEX(
        SHA256(
          CONCAT(scopes.day_salt, events.user_key, CAST(DATE(events.received_at) AS STRING))
        )
      ),
      1,
      32
    ),
    NULL
  ),
  ingest_id = REGEXP_REPLACE(
    TO_HEX(SHA256(CONCAT(scopes.copy_salt, events.ingest_id))),
    r'(.{8})(.{4}).(.{3}).(.{3})(.{12}).*',
    r'\1-\2-8\3-a\4-\5'
  ),
  retry_key = IF(
    events.retry_key IS NULL,
    NULL,
    REGEXP_REPLACE(
      TO_HEX(SHA256(CONCAT(scopes.copy_salt, events.retry_key))),
      r'(.{8})(.{4}).(.{3}).(.{3})(.{12}).*',
      r'\1-\2-8\3-a\4-\5'
    )
  ),
  extra = NULL,
  flags = ARRAY_CONCAT(events.flags, ['anonymised'])
FROM (
  ${scopes}
) AS scopes
WHERE
  events.received_at >= @first
  AND events.received_at < @end
  AND TIMESTAMP_TRUNC(events.received_at, DAY) IN UNNEST(@days)
  AND events.project = scopes.project
  AND events.user_key = scopes.user_key
  AND events.received_at > scopes.previous_cut_off
  AND events.received_at <= scopes.cut_off
  AND scopes.treatment = 'anonymise'
