-- Records that a state is told, together with the notice that tells it.
-- KEYS: the condition, notices. ARGV: 1 the state told before or '', 2 the state, 3 the notice,
-- 4 ms over which changes are counted.
-- Answers 1, or 0 where something else was told or seen meanwhile.
local known = redis.call('HMGET', KEYS[1], 'told', 'seen', 'counted_since')
if (known[1] or '') ~= ARGV[1] or known[2] ~= ARGV[2] or known[1] == ARGV[2] then
  return 0
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('HSET', KEYS[1], 'told', ARGV[2])
if known[3] and now - tonumber(known[3]) < tonumber(ARGV[4]) then
  redis.call('HINCRBY', KEYS[1], 'changes', 1)
else
  redis.call('HSET', KEYS[1], 'counted_since', string.format('%.0f', now), 'changes', 1)
end
redis.call('ZADD', KEYS[2], now, ARGV[3])
return 1
