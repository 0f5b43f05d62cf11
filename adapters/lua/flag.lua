-- Keep a Stop or Resume if it is newer than the one there. Needs no lease: whoever reads it sets it.
-- KEYS index, entry, flag, subject   ARGV incident, said, offset, order, reason
-- -> '' or 'unreadable': what stood there was no index, and the new one is too short until the next fold
-- A repeat changes nothing.
local found = ''
raise(KEYS[3], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
if not list(KEYS[1], KEYS[4], 'f/' .. ARGV[1]) then
  redis.call('DEL', KEYS[1])
  list(KEYS[1], KEYS[4], 'f/' .. ARGV[1])
  found = 'unreadable'
end
local left = redis.call('PTTL', KEYS[2])
if left > 0 then
  redis.call('PEXPIRE', KEYS[3], left)
end
return found
