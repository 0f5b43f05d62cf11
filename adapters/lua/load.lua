-- Return all that is kept of a subject, as of one moment.
-- KEYS subject, then entry and flag of each incident
-- -> {{epoch, offsets}, then of each incident: text, {flag's said, offset, order, reason}}; missing = nil
-- Changes nothing.
local kept = {redis.call('HMGET', KEYS[1], 'epoch', 'offsets')}
for n = 2, #KEYS, 2 do
  kept[n] = redis.call('GET', KEYS[n])
  kept[n + 1] = redis.call('HMGET', KEYS[n + 1], 'said', 'offset', 'order', 'reason')
end
return kept
