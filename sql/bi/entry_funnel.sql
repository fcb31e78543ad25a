-- grain: one row per project and UTC day of receipt, for days on which somebody started a session
-- How far the people who entered the chat on a day got. The steps: they opened the frame, loaded
-- the messages, accepted the agreement, sent a message. Each step counts the people who took this
-- step and all steps before.
--
-- Only newcomers accept the agreement, so the last two steps count people on their first day only.
-- The order of a day's events is ignored, because webhooks may overtake each other. A filter on day
-- prunes the partitions of the settled days.
WITH
people AS (
  SELECT
    project,
    DATE(received_at) AS day,
    user_key,
    LOGICAL_OR(event = 'session_started') AS has_started,
    LOGICAL_OR(event = 'room_opened') AS has_opened,
    LOGICAL_OR(event = 'agreement_accepted') AS has_accepted,
    LOGICAL_OR(event = 'message_sent') AS has_sent
  FROM `${bi}.events`
  WHERE
    kind = 'chat'
    AND user_key IS NOT NULL
    AND event IN ('session_started', 'room_opened', 'agreement_accepted', 'message_sent')
  GROUP BY project, day, user_key
)

SELECT
  project,
  day,
  COUNT(*) AS started,
  COUNTIF(has_opened) AS opened,
  COUNTIF(has_opened AND has_accepted) AS accepted,
  COUNTIF(has_opened AND has_accepted AND has_sent) AS sent_message
FROM people
WHERE has_started
GROUP BY project, day
