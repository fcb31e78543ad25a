-- Records when the rollups of a range of days were refreshed.
INSERT INTO `${store}.refreshes_v1` (refreshed_at, first_day, last_day)
VALUES (@refreshed_at, DATE(@first), DATE_SUB(DATE(@end), INTERVAL 1 DAY))
