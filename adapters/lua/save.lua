-- Replace all that is kept of a subject by a fold. The epoch never falls; a newer flag stays.
-- KEYS lease, subject, index, then entry and flag of each incident
-- ARGV owner, epoch, writes, subject's epoch, offsets (JSON),
--      then of each incident: id, text ('' = no entry), ttl (ms, '0' = none), flag's said ('' = no flag), offset, order,
--      reason
-- -> {writes, 1}
-- A repeat writes the same again.
local writes, refusal = ours(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if not writes then
  return refusal
end
local epoch = redis.call('HGET', KEYS[2], 'epoch')
if not epoch or tonumber(epoch) < tonumber(ARGV[4]) then
  epoch = ARGV[4]
end
redis.call('HSET', KEYS[2], 'epoch', epoch, 'offsets', ARGV[5])
for n = 0, (#KEYS - 3) / 2 - 1 do
  local entry, flag = KEYS[4 + 2 * n], KEYS[5 + 2 * n]
  local at = 6 + 7 * n
  if ARGV[at + 3] ~= '' then
    raise(flag, ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6])
  end
  if ARGV[at + 1] == '' then
    redis.call('DEL', entry)
  else
    keep(entry, flag, ARGV[at + 1], ARGV[at + 2])
  end
  redis.call(redis.call('EXISTS', entry, flag) > 0 and 'SADD' or 'SREM', KEYS[3], ARGV[at])
end
return {writes, 1}
