-- Takes the events that are due to be published; they are due again after a while, in case the worker
-- that took them dies: few at a time, so that they are published before. Repeated with the same second key, it answers the events that it took before.
-- KEYS: events, those taken by this call. ARGV: ms.
local taken = redis.call('LRANGE', KEYS[2], 0, -1)
if #taken > 0 then
  return taken
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 4)
for _, event in ipairs(due) do
  redis.call('ZADD', KEYS[1], now + tonumber(ARGV[1]), event)
  redis.call('RPUSH', KEYS[2], event)
end
if #due > 0 then
  redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
return due
