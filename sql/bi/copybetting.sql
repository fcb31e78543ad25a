-- grain: one row per project and UTC day of receipt, for days with an event about bets
-- How people share bets in the chat: how often they opened a list of bets, shared a bet from it,
-- and repeated someone else's bet.
--
-- A filter on day prunes the partitions of the settled days.
SELECT
  project,
  DATE(received_at) AS day,
  COUNTIF(event = 'betshare_list_opened') AS lists_opened,
  COUNT(DISTINCT IF(event = 'betshare_list_opened', user_key, NULL)) AS openers,
  COUNTIF(event = 'betshare_list_bet_shared') AS bets_shared,
  COUNT(DISTINCT IF(event = 'betshare_list_bet_shared', user_key, NULL)) AS sharers,
  COUNTIF(event = 'betshare_chat_repeated') AS bets_repeated,
  COUNT(DISTINCT IF(event = 'betshare_chat_repeated', user_key, NULL)) AS repeaters
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event IN ('betshare_list_opened', 'betshare_list_bet_shared', 'betshare_chat_repeated')
GROUP BY project, day
