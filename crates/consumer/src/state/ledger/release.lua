-- Releases a claim, so that another worker may claim the request: with an outcome, to publish it;
-- without, to send its next command, though not too early.
--
-- KEYS: request, the integration's commands in flight.
-- ARGV: 1 owner, 2 the result of its last command ('unsent', 'never' or ''), 3 the cause of its
--       failure or '', 4 failed attempts so far, 5 ms until a command may be sent, 6 the attempt that
--       reserved the command of which 2 is the result.
local r = redis.call('HMGET', KEYS[1], 'owner', 'terminal', 'attempts', 'doubts', 'slot', 'round',
  'announced', 'alive', 'released')
if r[1] ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], 'owner', 'until', 'alive', 'round', 'announced', 'slot')
remove_in_flight(KEYS[2], r[5], r[1], r[8])
if r[2] then
  return 1
end
-- The last eight owners that have released it: a claim of theirs that comes later has no effect.
redis.call('HSET', KEYS[1], 'released', string.sub(ARGV[1] .. ' ' .. (r[9] or ''), 1, 8 * 37))
local now = redis_now()
redis.call('HSET', KEYS[1], 'failures', ARGV[4], 'not_before', now + tonumber(ARGV[5]))
local undo = r[7] == 'yes' and result_of(r[6], ARGV[6], ARGV[2]) or ''
if undo == 'unsent' then
  redis.call('HSET', KEYS[1], 'attempts', tonumber(r[3]) - 1)
end
if undo ~= '' then
  local doubts = tonumber(r[4]) - 1
  redis.call('HSET', KEYS[1], 'doubts', doubts)
  if doubts == 0 then
    redis.call('HSET', KEYS[1], 'doubt_at', 0, 'doubt_seen', 0)
  end
end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'cause', ARGV[3])
end
return 1
