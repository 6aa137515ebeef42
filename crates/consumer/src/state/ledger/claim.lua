-- Claims a request for one delivery and loads what its decision needs.
--
-- KEYS: 1 request, 2 booking, 3 activations, 4 pause, 5 OTP guard, 6 the integration's commands in flight,
--       7 those to the IQ, 8 exists while the cause of a rejected OTP at the IQ is looked for, 9 moved
--       locks, 10 the number of corrections of the clock offset, 11 the command in flight to the lock,
--       12 the versions of the stored integrations.
-- ARGV: 1 owner, 2 attempt, 3 '1' when a command follows at once, 4 the result of the owner's last
--       command ('unsent', 'never' or ''), 5 the cause of its failure or '', 6 lease (ms),
--       7 now (RFC 3339), 8 keep until (Unix ms), 9 '1' when the message was redelivered,
--       10 the key of the owner's heartbeat, 11 the IQ that the command would go to or '',
--       12 commands in flight per IQ at most, 13 per integration, 14 '1' when the integration
--       rehearses, 15 the attempt that reserved the command of which 4 is the result, 16 what the
--       request is about (integration, booking, object), 17 now by the worker's clock (Unix ms),
--       18 the expiry of the request (Unix ms), which is recorded for people alone, 19 the settings of the
--       integration that the claim rests on: 'file', the version that is stored or '' (none), 20 the id of
--       the integration.
--
-- Answers {'conflict', what the request of this id is about} or
-- {'known', terminal, check_in, dead_lettered, claimed by another owner, audit line, '1' when
-- the terminal event is published, the state of its confirmation} or
-- {'busy', ms} or {'stale'} (another version of the integration is stored) or {'claimed', taken_at, attempts, doubts, ms since the first in doubt, cause, booking
--  (an array: record, version, tied states), failures, ms until a command may be sent, pause (ms),
--  activation, consecutive OTP rejections, ms for which the IQ is blocked, 'yes', 'no' or 'full': is
--  the command reserved, '1' when the request is rehearsed, moved locks (an array: lock, IQ, …),
--  corrections of the clock offset}.
--
-- A claim is idempotent per owner and attempt: applied again, it keeps its reservation and the counters.
--
-- In the record, 'round' is the attempt, 'announced' the reservation, 'alive' the key of the owner's
-- heartbeat, and 'slot' the keys of the IQ's commands in flight and of the lock's, where the owner has one
-- there.
local now = redis_now()
local r = redis.call('HMGET', KEYS[1], 'terminal', 'check_in', 'dead_lettered', 'owner', 'until',
  'alive', 'round', 'attempts', 'doubts', 'doubt_at', 'taken_at', 'cause', 'announced', 'failures',
  'not_before', 'slot', 'rehearsal', 'audit', 'terminal_published', 'subject', 'doubt_seen', 'confirmation', 'released')

-- An id that was used before for something else: this is another request, and the first is not touched.
if r[20] and r[20] ~= ARGV[16] then
  return {'conflict', r[20]}
end

-- Another owner has the claim until its lease ends; or, where the broker has taken the message back
-- from a consumer, until the heartbeat of the owner's worker ends. A lease that ends later than two
-- leases from now was given before Redis' clock was set back.
local mine = r[4] == ARGV[1]
local left = tonumber(r[5] or '0') - now
local claimed = r[4] and not mine and left > 0 and left <= 2 * tonumber(ARGV[6])
  and (ARGV[9] == '0' or redis.call('EXISTS', r[6]) == 1)
if r[1] then
  return {'known', r[1], r[2], r[3] or '0', claimed and 1 or 0, r[18], r[19] or '0', r[22]}
end
if claimed then
  return {'busy', left}
end
-- An owner claims no more once it has released its claim: this call was delayed on its way.
if r[23] and string.find(r[23], ARGV[1], 1, true) then
  return {'busy', 0}
end
-- A claim that was delayed on its way, and that a later one has overtaken, has no effect. The same claim
-- may be applied again when its command has left, so it changes nothing of what it reserved.
local again = mine and tonumber(ARGV[2]) == tonumber(r[7])
if mine and tonumber(ARGV[2]) < tonumber(r[7]) then
  return {'busy', 0}
end

-- What a command rests on is read here: also the settings of an integration that is stored, which somebody may
-- have switched off a moment ago. The worker reads it again first; this claim has no effect.
if ARGV[19] ~= 'file' then
  local version = redis.call('HGET', KEYS[12], ARGV[20])
  if (version and (string.match(version, '^%d+$') or '0') or '') ~= ARGV[19] then
    return {'stale'}
  end
end

-- A command that cannot be sent now is not reserved: the booking is unknown, Salto or the backoff asks
-- to wait, the IQ is blocked after too many rejected OTPs, or too many other commands are in flight.
local booking = redis.call('HMGET', KEYS[2], 'record', 'version', 'tied')
local wait = math.max(0, tonumber(r[15] or '0') - now)
local pause = math.max(0, redis.call('PTTL', KEYS[4]))
local activation, rejected, blocked = false, 0, 0
if ARGV[11] ~= '' then
  activation = redis.call('HGET', KEYS[3], ARGV[11])
  local guard = redis.call('HGET', KEYS[5], ARGV[11])
  if guard then
    local count, blocked_until = string.match(guard, '^(%d+) (%d+)$')
    rejected, blocked = tonumber(count), math.max(0, tonumber(blocked_until) - now)
  end
end

-- The commands in flight: one member each, 'owner\nheartbeat', until its lease ends. The member of an
-- earlier attempt, or of an owner whose claim has lapsed, does not count.
remove_in_flight(KEYS[6], r[16], r[4], r[6])
local function is_alive(member)
  local heartbeat = string.match(member, '\n(.*)$')
  return heartbeat and redis.call('EXISTS', heartbeat) == 1
end
-- What this costs does not grow with the number of commands: only where there is no room, the few oldest
-- are read, and removed where their worker is dead.
local function has_room(key, limit)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  if redis.call('ZCARD', key) < limit then
    return true
  end
  for _, member in ipairs(redis.call('ZRANGE', key, 0, 7)) do
    if not is_alive(member) then
      redis.call('ZREM', key, member)
    end
  end
  return redis.call('ZCARD', key) < limit
end
-- One command at a time goes to a lock: of several to a lock that has moved to another IQ, each would be
-- rejected. That of a dead worker does not count.
local function lock_is_free()
  local member = redis.call('GET', KEYS[11])
  return not member or not is_alive(member)
end

local reserved, slot = 'no', ''
if again then
  reserved = r[13]
elseif ARGV[3] == '1' and booking[1] and wait == 0 and pause == 0 and blocked == 0 then
  -- Where OTPs are being rejected, one at a time: a few wrong ones block the user.
  local one_at_a_time = rejected > 0 or redis.call('EXISTS', KEYS[8]) == 1
  local per_iq = one_at_a_time and 1 or tonumber(ARGV[12])
  local room = lock_is_free() and has_room(KEYS[7], per_iq) and has_room(KEYS[6], tonumber(ARGV[13]))
  reserved = room and 'yes' or 'full'
end
if reserved == 'yes' then
  local member = ARGV[1] .. '\n' .. ARGV[10]
  for i = 6, 7 do
    redis.call('ZADD', KEYS[i], now + tonumber(ARGV[6]), member)
    redis.call('PEXPIRE', KEYS[i], ARGV[6])
  end
  redis.call('SET', KEYS[11], member, 'PX', ARGV[6])
  slot = KEYS[7] .. '\n' .. KEYS[11]
end

-- Every reserved command counts as one that was written and may have opened the door; the next claim
-- corrects the counters where its result says otherwise.
local attempts = tonumber(r[8] or '0')
local doubts = tonumber(r[9] or '0')
local doubt_at = tonumber(r[10] or '0')
local doubt_seen = tonumber(r[21] or '0')
local undo = ''
if mine and r[13] == 'yes' and not again then
  undo = result_of(r[7], ARGV[15], ARGV[4])
end
if undo == 'unsent' then
  attempts = attempts - 1
end
if undo ~= '' then
  doubts = doubts - 1
  if doubts == 0 then
    doubt_at, doubt_seen = 0, 0
  end
end
-- The time since the first command in doubt, by the clock by which it is longer: Redis' or the workers'.
-- Where Redis' clock was set back to before that command, it is longer than any limit.
local since = 0
if doubt_at > 0 then
  since = now < doubt_at and 2147483647 or now - doubt_at
  if doubt_seen > 0 then
    since = math.max(since, tonumber(ARGV[17]) - doubt_seen)
  end
end
local loaded = {attempts, doubts, since}
if reserved == 'yes' and again then
  -- Its own command is none of those before it.
  loaded = {attempts - 1, doubts - 1, doubts > 1 and since or 0}
elseif reserved == 'yes' then
  attempts = attempts + 1
  doubts = doubts + 1
  if doubt_at == 0 then
    doubt_at, doubt_seen = now, tonumber(ARGV[17])
  end
end

local taken_at = r[11] or ARGV[7]
-- The first claim decides it, so that the answer is about a rehearsal or about a door, never both.
local rehearsal = r[11] and (r[17] or '0') or ARGV[14]
local cause = ARGV[5] ~= '' and ARGV[5] or r[12]
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'until', now + tonumber(ARGV[6]), 'alive', ARGV[10],
  'round', ARGV[2], 'attempts', attempts, 'doubts', doubts, 'doubt_at', doubt_at,
  'doubt_seen', doubt_seen, 'taken_at', taken_at, 'cause', cause or '', 'announced', reserved,
  'slot', slot, 'rehearsal', rehearsal, 'subject', ARGV[16], 'expires_at', ARGV[18])
redis.call('PEXPIREAT', KEYS[1], ARGV[8])
return {'claimed', taken_at, loaded[1], loaded[2], loaded[3], cause or '',
  booking, tonumber(r[14] or '0'), wait, pause, activation, rejected,
  blocked, reserved, rehearsal, redis.call('HGETALL', KEYS[9]),
  tonumber(redis.call('GET', KEYS[10]) or '0')}
