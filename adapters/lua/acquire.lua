-- Take the lease of a subject that nobody holds.
-- KEYS lease   ARGV owner, ttl (ms)   -> the count of writes, 0 while another owner holds it
-- A repeat by the same owner, before it has adopted, gets the same lease again.
local held = redis.call('HMGET', KEYS[1], 'owner', 'epoch')
if held[1] and (held[1] ~= ARGV[1] or held[2] ~= '0') then
  return 0
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'epoch', '0', 'history', history())
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('HINCRBY', KEYS[1], 'writes', 1)
