-- Deletes what repeats a covered event although it was received after the erasure was asked for.
--
-- The copy that was received first is the event, so it is covered with all its copies. It may have
-- its own id still, or the one that it got when it was anonymised.
DELETE FROM `${store}.events_v1`
WHERE
  received_at >= @first
  AND received_at <= @now
  AND delivery_id IN (
    WITH
    covered AS (
      ${covered}
    ),

    later AS (
      SELECT
        events.delivery_id, covered.project, covered.covers_after, covered.covers_until, own_id
      FROM `${store}.events_v1` AS events
      INNER JOIN covered
        ON
          events.project = covered.project
          AND events.user_key = covered.user_key
          AND events.received_at > covered.covers_until
          AND events.received_at <= TIMESTAMP_ADD(
            covered.covers_until, INTERVAL ${open_window_days} DAY
          )
      CROSS JOIN
        UNNEST(
          [
            events.ingest_id,
            REGEXP_REPLACE(
              TO_HEX(SHA256(CONCAT(covered.copy_salt, events.ingest_id))),
              r'(.{8})(.{4}).(.{3}).(.{3})(.{12}).*',
              r'\1-\2-8\3-a\4-\5'
            )
          ]
        ) AS own_id
      WHERE
        events.received_at >= @first
        AND events.received_at <= @now
    )

    SELECT later.delivery_id
    FROM `${store}.events_v1` AS earlier
    INNER JOIN later
      ON
        earlier.project = later.project
        AND earlier.ingest_id = later.own_id
        AND earlier.received_at > later.covers_after
        AND earlier.received_at <= later.covers_until
    WHERE
      earlier.received_at >= @first
      AND earlier.received_at <= @now
  )
