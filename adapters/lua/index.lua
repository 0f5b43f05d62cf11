-- Return the incidents of a subject, and how many there should be.
-- KEYS index, subject   -> {the members, or 'unreadable'; the count, or '' where there is none}
-- Changes nothing.
local members = redis.pcall('SMEMBERS', KEYS[1])
local counted = redis.pcall('HGET', KEYS[2], 'listed')
return {failed(members) and 'unreadable' or members, (counted and not failed(counted)) and counted or ''}
