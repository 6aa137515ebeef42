-- Records whose credentials are rejected.
-- KEYS: since when, by integration. ARGV: the number of those that are rejected, these, then those that
-- are not.
-- Answers since when (Unix ms), by integration.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
for i = 2, #ARGV do
  if i <= tonumber(ARGV[1]) + 1 then
    redis.call('HSETNX', KEYS[1], ARGV[i], string.format('%.0f', now))
  else
    redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
return redis.call('HGETALL', KEYS[1])
