-- Take the lease of a subject that nobody holds.
-- KEYS lease   ARGV owner, ttl (ms)   -> {the count of writes, 0 while another owner holds it; what was wrong with it}
-- A lease without an owner is nobody's and taken ('unreadable'). One that would never end, or not within twice its time,
-- ends after that ('endless'): an owner that lives has renewed it before.
-- A repeat by the same owner, before it has adopted, gets the same lease again.
local LONGEST = 3600000
local held = redis.pcall('HMGET', KEYS[1], 'owner', 'epoch', 'ttl')
local found = ''
if failed(held) or not held[1] then
  if redis.call('EXISTS', KEYS[1]) == 1 then  -- a removal in vain would let the rest pass in a full Redis
    redis.call('DEL', KEYS[1])
    found = 'unreadable'
  end
elseif held[1] ~= ARGV[1] or held[2] ~= '0' then
  local ttl = is_number(held[3]) and held[3] or ARGV[2]
  local twice, left = 2 * math.min(tonumber(ttl), LONGEST), redis.call('PTTL', KEYS[1])
  if left < 0 or left > twice then
    redis.call('PEXPIRE', KEYS[1], twice)
    return {0, 'endless'}
  end
  return {0, ''}
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'epoch', '0', 'history', history(), 'ttl', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local writes = redis.pcall('HINCRBY', KEYS[1], 'writes', 1)
if failed(writes) then
  redis.call('HSET', KEYS[1], 'writes', 1)
  return {1, 'unreadable'}
end
return {writes, found}
