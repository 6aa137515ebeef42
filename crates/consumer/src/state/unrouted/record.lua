-- Records that no queue takes these routing keys. Repeated, it changes only when they were seen last.
-- KEYS: routing keys, each with 'since last' (Unix ms). ARGV: 1 ms for which they are remembered, 2 how
-- many at most, 3… routing keys.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
for i = 3, #ARGV do
  local since = now
  local known = redis.call('HGET', KEYS[1], ARGV[i])
  if known then
    local first, last = string.match(known, '^(%d+) (%d+)$')
    if first and now - tonumber(last) <= tonumber(ARGV[1]) then
      since = tonumber(first)
    end
  end
  if known or redis.call('HLEN', KEYS[1]) < tonumber(ARGV[2]) then
    redis.call('HSET', KEYS[1], ARGV[i], string.format('%.0f %.0f', since, now))
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 0
