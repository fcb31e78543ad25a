-- Counts different people in each room, for each day of a stretch of days: those who were active in
-- the room in the spans of 7 days to 6 months that end with the day.
--
-- This statement reads the rooms of active days instead of events. A person who was in two rooms
-- counts in both. refresh_active_users explains how a person's last active day decides about all
-- spans, and which numbers do not change after an erasure.
MERGE `${store}.room_people_v1` AS stored
USING (
  WITH
  in_rooms AS (
    SELECT
      found.partner,
      found.project,
      room.room_id,
      found.user_key,
      found.day,
      LOGICAL_OR(room.has_sent) AS has_sent,
      LOGICAL_OR(found.is_anonymised) AS is_anonymised
    FROM (
      ${active_days}
    ) AS found
    CROSS JOIN UNNEST(found.rooms) AS room
    GROUP BY found.partner, found.project, room.room_id, found.user_key, found.day
  ),

  people AS (
    SELECT
      in_rooms.partner,
      in_rooms.project,
      in_rooms.room_id,
      in_rooms.user_key,
      last_day AS day,
      MAX(in_rooms.day) AS last_active,
      MAX(IF(in_rooms.has_sent, in_rooms.day, NULL)) AS last_sent
    FROM in_rooms
    CROSS JOIN
      UNNEST(GENERATE_DATE_ARRAY(DATE(@first), DATE_SUB(DATE(@end), INTERVAL 1 DAY))) AS last_day
    WHERE
      in_rooms.day <= last_day
      AND in_rooms.day > DATE_SUB(last_day, INTERVAL 6 MONTH)
      AND (in_rooms.day = last_day OR NOT in_rooms.is_anonymised)
    GROUP BY
      in_rooms.partner, in_rooms.project, in_rooms.room_id, in_rooms.user_key, last_day
  ),

  counted AS (
    SELECT
      partner,
      project,
      day,
      room_id,
      COUNTIF(last_active > DATE_SUB(day, INTERVAL 7 DAY)) AS active_7_days,
      COUNTIF(last_sent > DATE_SUB(day, INTERVAL 7 DAY)) AS senders_7_days,
      COUNTIF(last_active > DATE_SUB(day, INTERVAL 30 DAY)) AS active_30_days,
      COUNTIF(last_sent > DATE_SUB(day, INTERVAL 30 DAY)) AS senders_30_days,
      COUNTIF(last_active > DATE_SUB(day, INTERVAL 90 DAY)) AS active_90_days,
      COUNTIF(last_sent > DATE_SUB(day, INTERVAL 90 DAY)) AS senders_90_days,
      COUNT(*) AS active_6_months,
      COUNT(last_sent) AS senders_6_months
    FROM people
    GROUP BY partner, project, day, room_id
  ),

  cut_offs AS (
    SELECT project, MAX(DATE(cut_off)) AS day
    FROM `${store}.erasures_v1`
    WHERE status IN ('due', 'executed')
    GROUP BY project
  ),

  -- If two runs inserted the same rows at the same time, this keeps one of them.
  before AS (
    SELECT
      numbers.day < DATE(@thawed) AS is_final,
      -- generated: before
      ANY_VALUE(numbers.partner) AS partner,
      numbers.project,
      numbers.day,
      numbers.room_id,
      ANY_VALUE(numbers.active_7_days) AS active_7_days,
      ANY_VALUE(numbers.senders_7_days) AS senders_7_days,
      ANY_VALUE(numbers.active_30_days) AS active_30_days,
      ANY_VALUE(numbers.senders_30_days) AS senders_30_days,
      ANY_VALUE(numbers.active_90_days) AS active_90_days,
      ANY_VALUE(numbers.senders_90_days) AS senders_90_days,
      ANY_VALUE(numbers.active_6_months) AS active_6_months,
      ANY_VALUE(numbers.senders_6_months) AS senders_6_months
      -- end
    FROM `${store}.room_people_v1` AS numbers
    LEFT JOIN cut_offs
      ON numbers.project = cut_offs.project
    WHERE
      numbers.day >= DATE(@first)
      AND numbers.day < DATE(@end)
      AND (numbers.day < DATE(@thawed) OR numbers.day < cut_offs.day)
    GROUP BY numbers.project, numbers.day, numbers.room_id
  )

  SELECT
    -- generated: fresh
    COALESCE(before.partner, counted.partner) AS partner,
    COALESCE(before.project, counted.project) AS project,
    COALESCE(before.day, counted.day) AS day,
    COALESCE(before.room_id, counted.room_id) AS room_id,
    IF(
      before.is_final,
      before.active_7_days,
      GREATEST(COALESCE(before.active_7_days, 0), COALESCE(counted.active_7_days, 0))
    ) AS active_7_days,
    IF(
      before.is_final,
      before.senders_7_days,
      GREATEST(COALESCE(before.senders_7_days, 0), COALESCE(counted.senders_7_days, 0))
    ) AS senders_7_days,
    IF(
      before.is_final,
      before.active_30_days,
      GREATEST(COALESCE(before.active_30_days, 0), COALESCE(counted.active_30_days, 0))
    ) AS active_30_days,
    IF(
      before.is_final,
      before.senders_30_days,
      GREATEST(COALESCE(before.senders_30_days, 0), COALESCE(counted.senders_30_days, 0))
    ) AS senders_30_days,
    IF(
      before.is_final,
      before.active_90_days,
      GREATEST(COALESCE(before.active_90_days, 0), COALESCE(counted.active_90_days, 0))
    ) AS active_90_days,
    IF(
      before.is_final,
      before.senders_90_days,
      GREATEST(COALESCE(before.senders_90_days, 0), COALESCE(counted.senders_90_days, 0))
    ) AS senders_90_days,
    IF(
      before.is_final,
      before.active_6_months,
      GREATEST(COALESCE(before.active_6_months, 0), COALESCE(counted.active_6_months, 0))
    ) AS active_6_months,
    IF(
      before.is_final,
      before.senders_6_months,
      GREATEST(COALESCE(before.senders_6_months, 0), COALESCE(counted.senders_6_months, 0))
    ) AS senders_6_months
    -- end
  FROM counted
  FULL JOIN before
    ON
      counted.project = before.project
      AND counted.day = before.day
      AND counted.room_id = before.room_id
) AS fresh
  ON FALSE
WHEN NOT MATCHED BY SOURCE AND stored.day >= DATE(@first) AND stored.day < DATE(@end) THEN DELETE
WHEN NOT MATCHED BY TARGET THEN
  -- generated: insert
  INSERT (
    partner, project, day, room_id, active_7_days, senders_7_days, active_30_days, senders_30_days,
    active_90_days, senders_90_days, active_6_months, senders_6_months
  )
  VALUES (
    fresh.partner, fresh.project, fresh.day, fresh.room_id, fresh.active_7_days,
    fresh.senders_7_days, fresh.active_30_days, fresh.senders_30_days, fresh.active_90_days,
    fresh.senders_90_days, fresh.active_6_months, fresh.senders_6_months
  )
  -- end
