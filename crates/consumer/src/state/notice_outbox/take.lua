-- Takes the notices that are due to be published, where no other worker has the lease on publishing. They
-- are due again after a while, in case the worker that took them dies: few at a time, so that they are
-- published before. Repeated with the same second key, it answers the notices that it took before.
-- KEYS: notices, those taken by this call, the lease. ARGV: 1 ms, 2 worker.
-- Answers nothing where another worker has the lease.
local owner = redis.call('GET', KEYS[3])
if owner and owner ~= ARGV[2] then
  return false
end
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[1])
local taken = redis.call('LRANGE', KEYS[2], 0, -1)
if #taken > 0 then
  return taken
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 4)
for _, notice in ipairs(due) do
  redis.call('ZADD', KEYS[1], now + tonumber(ARGV[1]), notice)
  redis.call('RPUSH', KEYS[2], notice)
end
if #due > 0 then
  redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
return due
