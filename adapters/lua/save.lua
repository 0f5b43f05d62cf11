-- Replace all that is kept of a subject by a fold. The epoch never falls, unless it is the one that the caller doubts; a
-- newer flag stays. What cannot be read goes.
-- KEYS lease, subject, index, then entry and flag of each incident
-- ARGV owner, epoch, writes, subject's epoch, the doubted one ('' = none), offsets (JSON),
--      then of each incident: id, text ('' = no entry), ttl (ms, '0' = none), flag's said ('' = no flag), offset, order,
--      reason
-- -> {writes, 1}
-- A repeat writes the same again.
local writes, refusal = ours(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if not writes then
  return refusal
end
local epoch = redis.pcall('HGET', KEYS[2], 'epoch')
if failed(epoch) then
  redis.call('DEL', KEYS[2])
end
if not is_number(epoch) or epoch == ARGV[5] or tonumber(epoch) < tonumber(ARGV[4]) then
  epoch = ARGV[4]
end
local members = redis.pcall('SMEMBERS', KEYS[3])
if failed(members) then
  redis.call('DEL', KEYS[3])
else
  for _, member in ipairs(members) do
    if not string.match(member, '^[ef]/%x+%-%x+%-%x+%-%x+%-%x+$') then
      redis.call('SREM', KEYS[3], member)
    end
  end
end
for n = 0, (#KEYS - 3) / 2 - 1 do
  local entry, flag = KEYS[4 + 2 * n], KEYS[5 + 2 * n]
  local at = 7 + 7 * n
  if not flag_at(flag) then
    redis.call('DEL', flag)
  end
  if ARGV[at + 3] ~= '' then
    raise(flag, ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6])
  end
  if ARGV[at + 1] == '' then
    redis.call('DEL', entry)
  else
    keep(entry, flag, ARGV[at + 1], ARGV[at + 2])
  end
  redis.call(redis.call('EXISTS', entry) > 0 and 'SADD' or 'SREM', KEYS[3], 'e/' .. ARGV[at])
  redis.call(redis.call('EXISTS', flag) > 0 and 'SADD' or 'SREM', KEYS[3], 'f/' .. ARGV[at])
end
redis.call('HSET', KEYS[2], 'epoch', epoch, 'offsets', ARGV[6], 'listed', redis.call('SCARD', KEYS[3]))
redis.call('PERSIST', KEYS[2])
redis.call('PERSIST', KEYS[3])
return {writes, 1}
