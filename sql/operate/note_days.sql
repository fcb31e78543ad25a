-- Notes days that jobs have to look at again.
INSERT INTO `${store}.late_days_v1` (noted_at, day, reason)
SELECT
  @noted_at AS noted_at,
  CAST(day AS DATE) AS day,
  @reason AS reason
FROM UNNEST(@days) AS day
