-- Releases a claim, so that another worker may claim the request: with an outcome, to publish it;
-- without, to send its next command, though not too early.
--
-- KEYS: request, the integration's commands in flight.
-- ARGV: 1 owner, 2 the result of its last command ('unsent', 'never' or ''), 3 the cause of its
--       failure or '', 4 failed attempts so far, 5 ms until a command may be sent, 6 the attempt that
--       reserved the command of which 2 is the result.
local r = redis.call('HMGET', KEYS[1], 'owner', 'terminal', 'attempts', 'doubts', 'slot', 'round',
  'announced', 'alive')
if r[1] ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], 'owner', 'until', 'alive', 'round', 'announced', 'slot')
if r[5] and r[5] ~= '' then
  local member = r[1] .. '\n' .. r[8]
  redis.call('ZREM', KEYS[2], member)
  redis.call('ZREM', r[5], member)
end
if r[2] then
  return 1
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('HSET', KEYS[1], 'failures', ARGV[4], 'not_before', now + tonumber(ARGV[5]))
-- As in claim.lua: a result counts once, for the attempt that it is about.
local undo = ''
if r[7] == 'yes' then
  local attempt, granted = tonumber(r[6]), tonumber(ARGV[6])
  if attempt == granted then
    undo = ARGV[2]
  elseif attempt > granted then
    undo = 'unsent'
  end
end
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
