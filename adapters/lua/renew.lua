-- Prolong the lease.
-- KEYS lease   ARGV owner, epoch, writes, ttl (ms)   -> {writes, 1}
-- A repeat prolongs it again.
local writes, refusal = ours(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if not writes then
  return refusal
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {writes, 1}
