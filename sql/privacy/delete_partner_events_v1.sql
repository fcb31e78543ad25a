-- Deletes a partner's events but those that a legal hold keeps: of a held person, and of rooms in
-- which one speaks.
DELETE FROM `${store}.events_v1`
WHERE
  received_at >= @since
  AND partner = @partner
  AND delivery_id NOT IN (
    SELECT kept.delivery_id
    FROM `${store}.events_v1` AS kept
    CROSS JOIN
      UNNEST(IF(kept.user_key IS NULL, kept.room.speakers, [kept.user_key])) AS person_key
    INNER JOIN `${store}.holds_v1` AS holds
      ON
        kept.project = holds.project
        AND person_key = holds.user_key
    WHERE
      kept.received_at >= @since
      AND kept.partner = @partner
      AND holds.released_at IS NULL
      AND holds.until > @now
  )
