-- Is the ledger served to this user, and does it take writes? Needs the right that is forgotten most easily (INFO).
-- KEYS check   ARGV ttl (ms)   -> the course of writes
-- A repeat changes nothing but when the key expires.
redis.call('SET', KEYS[1], history(), 'PX', ARGV[1])
return history()
