-- Takes the events that are due to be published; they are due again after a while, in case the worker
-- that took them dies. KEYS: events about IQs. ARGV: ms.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 16)
for _, event in ipairs(due) do
  redis.call('ZADD', KEYS[1], now + tonumber(ARGV[1]), event)
end
return due
