-- Deletes the rows of erasures whose time is over: nothing that they cover can come any more.
DELETE FROM `${store}.erasures_v1`
WHERE
  forget_at <= @now
  AND status IN ('executed', 'restored', 'restoration')
