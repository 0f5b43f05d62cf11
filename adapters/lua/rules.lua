-- The rules that the other scripts share; this text stands before each of them.
--
-- All keys carry one hash tag, so that they live in one slot. The only clock is Redis' own (PX).
--   lease  hash {owner, epoch, history, writes}, expires  subject  hash {epoch, offsets}: how far the folds have come
--   entry  text of an incident, expires after its end     flag   hash {said, offset, order, reason}, expires with the entry
--   index  set of the subject's incidents
-- A script answers {writes, answer} where it needs the lease: writes = 0 is a refusal, and answer says why.

-- Which course of writes is this? A replica that becomes a master begins a new one (its replication id), and so does a
-- server that was started anew: both may lack the newest writes of the one before, of whoever's hand.
local function history()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)') or ''
end

-- Is the lease still the caller's, and is this Redis as young as the caller knows? Count the write and return the count.
-- A repeat only counts once more.
local function ours(lease, owner, epoch, writes)
  local held = redis.call('HMGET', lease, 'owner', 'epoch', 'writes', 'history')
  if held[1] ~= owner or held[2] ~= epoch then
    return nil, {0, 'lease'}
  end
  if held[4] ~= history() then
    return nil, {0, 'history'}
  end
  if tonumber(held[3]) < tonumber(writes) then
    return nil, {0, 'older'}
  end
  return redis.call('HINCRBY', lease, 'writes', 1)
end

-- Keep the text of an entry. With a ttl (milliseconds; '0' = for good) it expires, counted from the first such text.
-- A repeat changes nothing.
local function keep(entry, flag, text, ttl)
  if ttl == '0' then
    redis.call('SET', entry, text)
    redis.call('PERSIST', flag)
    return
  end
  local left = redis.call('PTTL', entry)
  if left <= 0 then
    left = ttl
  end
  redis.call('SET', entry, text, 'PX', left)
  redis.call('PEXPIRE', flag, left)
end

-- Keep a flag if it was said after the one there, or at the same instant with a greater offset. A repeat changes nothing.
local function raise(flag, said, offset, order, reason)
  local there = redis.call('HMGET', flag, 'said', 'offset')
  local before, at = tonumber(there[1] or 0), tonumber(said)
  if not there[2] or at > before or (at == before and tonumber(offset) > tonumber(there[2])) then
    redis.call('HSET', flag, 'said', said, 'offset', offset, 'order', order, 'reason', reason)
  end
end

local function is_stopped(flag)
  return redis.call('HGET', flag, 'order') == 'stop'
end
