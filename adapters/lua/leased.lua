-- Whose is the lease?
-- KEYS lease   -> the owner; '' for nobody
-- Changes nothing.
local owner = redis.pcall('HGET', KEYS[1], 'owner')
return (owner and not failed(owner)) and owner or ''
