-- Records in the ledger that a job finished a run, and which consecutive days it covered.
INSERT INTO `${store}.runs_v1` (job, started_at, finished_at, first_day, last_day)
VALUES (
  @job, @started_at, @finished_at, DATE(@first), DATE_SUB(DATE(@end), INTERVAL 1 DAY)
)
