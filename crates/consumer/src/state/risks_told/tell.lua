-- Records what is told about the risk of a booking, together with the notice that tells it.
-- KEYS: what was told, by booking; notices. ARGV: 1 booking, 2 what was told before or '', 3 what is told
-- now or '', 4 the notice or '', 5 keep until (Unix ms).
-- Answers 1, or 0 where something else was told meanwhile.
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local left = redis.call('PTTL', KEYS[1])
if left == -1 or (left >= 0 and now + left < tonumber(ARGV[5])) then
  redis.call('PEXPIREAT', KEYS[1], ARGV[5])
end
if ARGV[4] ~= '' then
  redis.call('ZADD', KEYS[2], now, ARGV[4])
end
return 1
