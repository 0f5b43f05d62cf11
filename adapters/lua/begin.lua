-- May an effect of the incident begin? Counted as a write, so that a replica cannot answer.
-- KEYS lease, flag   ARGV owner, epoch, writes   -> {writes, 1 or 0 under a stop flag}
-- A repeat asks again.
local writes, refusal = ours(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if not writes then
  return refusal
end
local word = word_of(KEYS[2])
if word == 'unreadable' then
  return {0, word}
end
return {writes, word == 'stop' and 0 or 1}
