-- Set the epoch of the lease and of the subject, upwards only.
-- KEYS lease, subject   ARGV owner, epoch, writes, new epoch   -> {writes, 1}
-- A repeat is refused, because the lease has the new epoch already: the caller comes back as a new owner.
local writes, refusal = ours(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if not writes then
  return refusal
end
local before = redis.pcall('HGET', KEYS[2], 'epoch')
if before and not is_number(before) then
  return {0, 'unreadable'}
end
if tonumber(before or 0) >= tonumber(ARGV[4]) then
  return {0, 'epoch'}
end
redis.call('HSET', KEYS[2], 'epoch', ARGV[4])
redis.call('HSET', KEYS[1], 'epoch', ARGV[4])
return {writes, 1}
