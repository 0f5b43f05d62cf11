-- The rules that the other scripts share; this text stands before each of them.
--
-- All keys carry one hash tag, so that they live in one slot. The only clock is Redis' own (PX).
--   lease  hash {owner, epoch, history, writes, ttl}, expires
--   subject  hash {epoch, offsets, listed}: how far the folds have come, and how many members the index has since then
--   entry  text of an incident, expires after its end     flag   hash {said, offset, order, reason}, expires with the entry
--   index  set of what there is: e/INCIDENT for an entry, f/INCIDENT for a flag
-- A script answers {writes, answer} where it needs the lease: writes = 0 is a refusal, and answer says why.
--
-- A key may hold anything, by whoever's hand. What is not as above counts as absent; an owner that meets it is refused
-- ('unreadable') and comes back as a new one, whose fold of the log (save) writes it anew.

-- Was the command refused? So is one on a key of another type, and a sum with what is no number.
local function failed(answer)
  return type(answer) == 'table' and answer.err ~= nil
end

-- Is it a number as we write them? Up to 2^53 they are exact here and everywhere.
local function is_number(text)
  return type(text) == 'string' and string.match(text, '^%d+$') ~= nil and tonumber(text) <= 9007199254740992
end

-- Which course of writes is this? A replica that becomes a master begins a new one (its replication id), and so does a
-- server that was started anew: both may lack the newest writes of the one before, of whoever's hand.
local function history()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)') or ''
end

-- Is the lease still the caller's, and is this Redis as young as the caller knows? Count the write and return the count.
-- A repeat only counts once more.
local function ours(lease, owner, epoch, writes)
  local held = redis.pcall('HMGET', lease, 'owner', 'epoch', 'writes', 'history')
  if failed(held) or held[1] ~= owner or held[2] ~= epoch then
    return nil, {0, 'lease'}
  end
  if held[4] ~= history() then
    return nil, {0, 'history'}
  end
  if not is_number(held[3]) or tonumber(held[3]) < tonumber(writes) then
    return nil, {0, 'older'}
  end
  return redis.call('HINCRBY', lease, 'writes', 1)
end

-- List a member in the index, and count it where a fold has counted: one that was lost or made shorter since then has
-- another number of members. Return whether it is an index. A repeat changes nothing.
local function list(index, subject, member)
  local added = redis.pcall('SADD', index, member)
  if failed(added) then
    return false
  end
  redis.call('PERSIST', index)
  if added == 1 and is_number(redis.pcall('HGET', subject, 'listed')) then
    redis.pcall('HINCRBY', subject, 'listed', 1)
  end
  return true
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

-- Return the flag's {said, offset, order, reason}, nothing but false where there is none, or nil where there is something
-- else.
local function flag_at(key)
  local there = redis.pcall('HMGET', key, 'said', 'offset', 'order', 'reason')
  if failed(there) then
    return nil
  end
  if not (there[1] or there[2] or there[3] or there[4]) then
    return there
  end
  local is_ours = is_number(there[1]) and is_number(there[2]) and (there[3] == 'stop' or there[3] == 'go')
  return is_ours and there or nil
end

-- Keep a flag if it was said after the one there, or at the same instant with a greater offset. A repeat changes nothing.
local function raise(flag, said, offset, order, reason)
  local there = flag_at(flag)
  if not there then
    redis.call('DEL', flag)
    there = {}
  end
  local before, at = tonumber(there[1] or 0), tonumber(said)
  if not there[2] or at > before or (at == before and tonumber(offset) > tonumber(there[2])) then
    redis.call('HSET', flag, 'said', said, 'offset', offset, 'order', order, 'reason', reason)
  end
end

-- May an effect begin under this flag? 'stop', 'go', or 'unreadable': then nobody can say.
local function word_of(flag)
  local there = flag_at(flag)
  if not there then
    return 'unreadable'
  end
  return there[3] or 'go'
end
