-- Records a legal hold on people, unless the same hold is recorded already.
MERGE `${store}.holds_v1` AS stored
USING (SELECT DISTINCT user_key FROM UNNEST(@user_keys) AS user_key) AS asked
  ON
    stored.project = @project
    AND stored.user_key = asked.user_key
    AND stored.reason = @reason
    AND stored.until = @until
    AND stored.released_at IS NULL
WHEN NOT MATCHED THEN
  INSERT (hold_id, partner, project, user_key, reason, filed_at, filed_by, until)
  VALUES (
    @hold_id, @partner, @project, asked.user_key, @reason, @now, @filed_by, @until
  )
