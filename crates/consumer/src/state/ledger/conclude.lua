-- Records the outcome of a request, once: a later call answers the first outcome. The first opening of
-- a booking adds its check-in, and every decision its audit line.
--
-- An owner that has lost its claim to another owner, or that does not know of all commands in doubt, records
-- only that the door opened: any other outcome may be wrong by what another owner did or does.
--
-- KEYS: request, check-in mark, the integration's commands in flight, audit, openings that wait for their
--       confirmation, integrations with such openings.
-- ARGV: 1 terminal event, 2 check-in event or '', 3 keep the request until (Unix ms), 4 keep the
--       mark until (Unix ms), 5 audit line or '', 6 for how long the audit keeps it (ms), or '' where
--       it is kept here until a worker has written it elsewhere, 7 owner, 8 attempt, 9 '1' when the
--       door opened, 10 what the request is about, 11 '1' when its dead letter is made,
--       12 the commands in doubt that its claim left in the record, 13 the opening that waits for its
--       confirmation or '', 14 when its command was sent (Unix ms), 15 integration.
-- Answers {'recorded', terminal, check_in, dead_lettered, audit line still to be written, '1' when the
-- terminal event is published, the state of its confirmation} or {'claimed'} where another owner or a later attempt has the claim,
-- or had it, or where the record is another request's.
local known = redis.call('HMGET', KEYS[1], 'terminal', 'check_in', 'dead_lettered', 'slot', 'audit',
  'terminal_published', 'owner', 'round', 'alive', 'doubts', 'taken_at', 'subject', 'confirmation')
-- The record of another request of this id: claiming again shows the conflict.
if known[12] and known[12] ~= ARGV[10] then
  return {'claimed'}
end
local mine = known[7] == ARGV[7]
if mine then
  remove_in_flight(KEYS[3], known[4], known[7], known[9])
end
if known[1] then
  if mine and known[4] then
    redis.call('HDEL', KEYS[1], 'slot')
  end
  return {'recorded', known[1], known[2], known[3] or '0', known[5], known[6] or '0', known[13]}
end
if ARGV[9] ~= '1' and known[11] and (not mine or tonumber(ARGV[8]) < tonumber(known[8])
  or tonumber(known[10]) ~= tonumber(ARGV[12])) then
  if mine then
    redis.call('HDEL', KEYS[1], 'slot')
  end
  return {'claimed'}
end
local now = redis_now()

-- The line comes first, so that no outcome is recorded where its line cannot be. The whole stream
-- expires with its last line, because nothing trims it while nothing is decided.
local to_write = false
if ARGV[6] ~= '' then
  redis.call('XADD', KEYS[4], 'MINID', '~', now - tonumber(ARGV[6]), '*', 'line', ARGV[5])
  redis.call('PEXPIRE', KEYS[4], ARGV[6])
elseif ARGV[5] ~= '' then
  to_write = ARGV[5]
  redis.call('HSET', KEYS[1], 'audit', to_write)
end

local check_in = false
if ARGV[2] ~= '' then
  if redis.call('SET', KEYS[2], '1', 'NX', 'PXAT', ARGV[4]) then
    check_in = ARGV[2]
    redis.call('HSET', KEYS[1], 'check_in', check_in)
  elseif now + redis.call('PTTL', KEYS[2]) < tonumber(ARGV[4]) then
    redis.call('PEXPIREAT', KEYS[2], ARGV[4])
  end
end
local confirmation = false
if ARGV[13] ~= '' then
  confirmation = 'awaited'
  redis.call('ZADD', KEYS[5], ARGV[14], ARGV[13])
  redis.call('SADD', KEYS[6], ARGV[15])
  redis.call('HSET', KEYS[1], 'confirmation', confirmation)
end
-- Where another owner has a command in flight, its slot stays.
local slot = mine and '' or known[4] or ''
redis.call('HSET', KEYS[1], 'terminal', ARGV[1], 'dead_lettered', ARGV[11], 'subject', ARGV[10], 'slot', slot)
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
return {'recorded', ARGV[1], check_in, ARGV[11], to_write, '0', confirmation}
