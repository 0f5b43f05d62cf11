-- Replace the entry of an incident; for an effect, unless it is stopped.
-- KEYS lease, index, entry, flag, subject   ARGV owner, epoch, writes, incident, text, ttl (ms, '0' = none), 'effect' or ''
-- -> {writes, 1 or 0 under a stop flag}
-- A repeat writes the same text again.
local writes, refusal = ours(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if not writes then
  return refusal
end
local word = ARGV[7] == 'effect' and word_of(KEYS[4]) or 'go'
if word == 'stop' then
  return {writes, 0}
end
if word == 'unreadable' or not list(KEYS[2], KEYS[5], 'e/' .. ARGV[4]) then
  return {0, 'unreadable'}
end
keep(KEYS[3], KEYS[4], ARGV[5], ARGV[6])
return {writes, 1}
