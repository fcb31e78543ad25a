-- Deletes the rows of one day that are later copies of an event.
--
-- No run deletes the earliest row of an event, so several runs at the same time do no harm. Rows
-- with the same delivery_id cannot be distinguished. They stay, unless all of them are later
-- copies.
DELETE FROM `${store}.events_v1`
WHERE
  received_at >= @day
  AND received_at < TIMESTAMP_ADD(@day, INTERVAL 1 DAY)
  AND delivery_id IN (
    SELECT delivery_id
    FROM (
      SELECT
        delivery_id,
        ROW_NUMBER() OVER (PARTITION BY ingest_id ORDER BY received_at, delivery_id) AS place
      FROM `${store}.events_v1`
      WHERE
        received_at >= TIMESTAMP_SUB(@day, INTERVAL ${open_window_days} DAY)
        AND received_at < TIMESTAMP_ADD(@day, INTERVAL 1 DAY)
    ) AS placed
    GROUP BY delivery_id
    HAVING MIN(place) > 1
  )
