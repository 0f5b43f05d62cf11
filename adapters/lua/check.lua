-- Is the ledger served to this user? Needs the right that is forgotten most easily (INFO).
-- KEYS subject   -> the course of writes
-- Changes nothing.
redis.call('EXISTS', KEYS[1])
return history()
