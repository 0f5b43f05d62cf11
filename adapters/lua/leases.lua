-- Which leases does somebody hold?
-- KEYS lease...   -> 1 or 0 for each
-- Changes nothing.
local found = {}
for place, lease in ipairs(KEYS) do
  local owner = redis.pcall('HGET', lease, 'owner')
  found[place] = (owner and not failed(owner)) and 1 or 0
end
return found
