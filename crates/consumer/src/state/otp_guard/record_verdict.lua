-- Records what Salto answered about an IQ's one-time passwords, and what follows for the IQ.
--
-- KEYS: activations, OTP statuses, notices, states that events have reported.
-- ARGV: 1 IQ, 2 verdict ('invalid', 'invalid-other', 'blocked', 'accepted', 'restore', 'new-secret',
--       'proven'),
--       3 the sealed activation that it is about, 4 the one that follows or '', 5 the event that
--       reports the change, 6 consecutive rejections that degrade, 7 ms for which a block lasts.
-- Answers 1 where the IQ's state has changed.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local count, blocked_until = 0, 0
local guard = redis.call('HGET', KEYS[2], ARGV[1])
if guard then
  count, blocked_until = string.match(guard, '^(%d+) (%d+)$')
  count, blocked_until = tonumber(count), tonumber(blocked_until)
end

-- A verdict on a secret that has been replaced meanwhile says nothing about the new one. A block is the
-- user's, independent of the secret; and so are the rejections that lead to it.
local of_user = ARGV[2] == 'blocked' or ARGV[2] == 'invalid-other'
if not of_user and redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[3] then
  return 0
end

local changed, heals = false, false
if ARGV[2] == 'blocked' then
  changed = redis.call('HGET', KEYS[4], ARGV[1]) ~= 'blocked'
  count, blocked_until = math.max(count, 1), now + tonumber(ARGV[7])
elseif ARGV[2] == 'invalid' then
  count = count + 1
  changed = ARGV[4] ~= '' and count >= tonumber(ARGV[6])
elseif ARGV[2] == 'invalid-other' then
  count = count + 1
elseif ARGV[2] == 'restore' then
  changed = ARGV[4] ~= ''
  count = 0
elseif ARGV[2] == 'new-secret' then
  count = 0
else
  -- During a block, a command that was accepted was sent before it.
  if ARGV[2] == 'accepted' and blocked_until > now then
    return 0
  end
  heals = true
  -- The end of a state is reported only where its beginning was.
  changed = redis.call('HDEL', KEYS[4], ARGV[1]) == 1
  count, blocked_until = 0, 0
end

if count == 0 and blocked_until == 0 then
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[2], ARGV[1], count .. ' ' .. blocked_until)
end
if changed then
  redis.call('ZADD', KEYS[3], now, ARGV[5])
  if not heals then
    redis.call('HSET', KEYS[4], ARGV[1], ARGV[2])
  end
end
if ARGV[4] ~= '' and (changed or heals) then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
end
return changed and 1 or 0
