-- Give the lease back, whatever its epoch; silent when it is not the caller's.
-- KEYS lease   ARGV owner   -> 1 if it was
-- A repeat finds no lease, or another owner's, and leaves it alone.
if redis.pcall('HGET', KEYS[1], 'owner') ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
