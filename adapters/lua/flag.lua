-- Keep a Stop or Resume if it is newer than the one there. Needs no lease: whoever reads it sets it.
-- KEYS index, entry, flag   ARGV incident, said, offset, order, reason   -> 1
-- A repeat changes nothing.
raise(KEYS[3], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
redis.call('SADD', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[2])
if left > 0 then
  redis.call('PEXPIRE', KEYS[3], left)
end
return 1
