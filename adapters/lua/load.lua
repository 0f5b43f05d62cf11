-- Return all that is kept of a subject, as of one moment.
-- KEYS subject, then entry and flag of each incident
-- -> {{epoch, offsets}, then of each incident: text, {flag's said, offset, order, reason}}; missing = nil, and what is of
-- another type = 'unreadable' in a list of one
-- Changes nothing.
local UNREADABLE = {'unreadable'}
local function as_read(answer)
  return failed(answer) and UNREADABLE or answer
end
local kept = {as_read(redis.pcall('HMGET', KEYS[1], 'epoch', 'offsets'))}
for n = 2, #KEYS, 2 do
  kept[n] = as_read(redis.pcall('GET', KEYS[n]))
  kept[n + 1] = as_read(redis.pcall('HMGET', KEYS[n + 1], 'said', 'offset', 'order', 'reason'))
end
return kept
