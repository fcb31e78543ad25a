-- Deletes copies of events in scope that were received after the cut-off, on a range of days.
--
-- If the copy that was received first is in scope, all later copies must be deleted. Only rows
-- with a retry_key may have been received at another time than the first copy. That copy may still
-- have its original id, or the new id that it got when it was anonymised. It is older than a later
-- copy by at most as many days as the open window has.
DELETE FROM `${store}.events_v1`
WHERE
  received_at >= @first
  AND received_at < @end
  AND delivery_id IN (
    WITH
    scopes AS (
      ${scopes}
    ),

    later AS (
      SELECT
        events.delivery_id, scopes.project, scopes.previous_cut_off, scopes.cut_off, own_id
      FROM `${store}.events_v1` AS events
      INNER JOIN scopes
        ON
          events.project = scopes.project
          AND events.user_key = scopes.user_key
          AND events.received_at > scopes.cut_off
          AND events.received_at <= TIMESTAMP_ADD(
            scopes.cut_off, INTERVAL ${open_window_days} DAY
          )
      CROSS JOIN
        UNNEST(
          [
            events.retry_key,
            REGEXP_REPLACE(
              TO_HEX(SHA256(CONCAT(scopes.copy_salt, events.retry_key))),
              r'(.{8})(.{4}).(.{3}).(.{3})(.{12}).*',
              r'\1-\2-8\3-a\4-\5'
            )
          ]
        ) AS own_id
      WHERE
        events.received_at >= @first
        AND events.received_at < @end
        AND events.retry_key IS NOT NULL
    )

    SELECT later.delivery_id
    FROM `${store}.events_v1` AS earlier
    INNER JOIN later
      ON
        earlier.project = later.project
        AND earlier.retry_key = later.own_id
        AND earlier.received_at > later.previous_cut_off
        AND earlier.received_at <= later.cut_off
    WHERE
      earlier.received_at >= TIMESTAMP_SUB(@first, INTERVAL ${open_window_days} DAY)
      AND earlier.received_at < @end
  )
