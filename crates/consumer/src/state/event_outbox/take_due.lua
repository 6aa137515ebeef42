-- Takes the records that are due to be published, from the sorted set `queue`, into the list `taken`. They are due again
-- after `ms`, in case the worker that took them dies: few at a time, so that they are published before. Repeated with
-- the same list, it answers the records that it took before.
local function take_due(queue, taken, ms)
  local before = redis.call('LRANGE', taken, 0, -1)
  if #before > 0 then
    return before
  end
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local due = redis.call('ZRANGEBYSCORE', queue, '-inf', now, 'LIMIT', 0, 4)
  for _, record in ipairs(due) do
    redis.call('ZADD', queue, now + tonumber(ms), record)
    redis.call('RPUSH', taken, record)
  end
  if #due > 0 then
    redis.call('PEXPIRE', taken, ms)
  end
  return due
end
