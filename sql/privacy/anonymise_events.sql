-- Gives the covered events of people who are to be anonymised a key for each day and new ids.
--
-- The key of a day is the same however often an interrupted execution is continued; rows that come
-- after it was finished get none. Copies of an event stay copies, for their new ids are equal too.
UPDATE `${store}.events_v1` AS events
SET
  user_key = IF(
    covered.status = 'due',
    SUBSTR(
      TO_HEX(
        SHA256(
          CONCAT(covered.day_salt, events.user_key, CAST(DATE(events.received_at) AS STRING))
        )
      ),
      1,
      32
    ),
    NULL
  ),
  ingest_id = REGEXP_REPLACE(
    TO_HEX(SHA256(CONCAT(covered.copy_salt, events.ingest_id))),
    r'(.{8})(.{4}).(.{3}).(.{3})(.{12}).*',
    r'\1-\2-8\3-a\4-\5'
  ),
  extra = NULL,
  flags = ARRAY_CONCAT(events.flags, ['anonymised'])
FROM (
  ${covered}
) AS covered
WHERE
  events.received_at >= @first
  AND events.received_at <= @now
  AND events.project = covered.project
  AND events.user_key = covered.user_key
  AND events.received_at > covered.covers_after
  AND events.received_at <= covered.covers_until
  AND covered.treatment = 'anonymise'
