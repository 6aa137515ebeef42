-- Stores a booking's state unless a newer one is there. Answers 1 when it is the newest now.
-- KEYS: booking, its check-in mark. ARGV: version, record, keep until (Unix ms).
local stored = redis.call('HGET', KEYS[1], 'version')
if stored and stored >= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'record', ARGV[2])

-- The record of a shortened booking keeps its later expiry: an old event with the old end may still come.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
for i = 1, 2 do
  local left = redis.call('PTTL', KEYS[i])
  if left == -1 or (left >= 0 and now + left < tonumber(ARGV[3])) then
    redis.call('PEXPIREAT', KEYS[i], ARGV[3])
  end
end
return 1
