-- Records the state that a check has seen.
-- KEYS: the condition. ARGV: 1 state, 2 ms for which it is kept, 3 ms over which changes are counted.
-- Answers the state told last or '', since when this state is seen (Unix ms), for how many ms, and how
-- many changes were told lately.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local seen = redis.call('HMGET', KEYS[1], 'seen', 'since', 'told', 'counted_since', 'changes')
local since = tonumber(seen[2] or now)
if seen[1] ~= ARGV[1] then
  since = now
  redis.call('HSET', KEYS[1], 'seen', ARGV[1], 'since', string.format('%.0f', since))
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local changes = 0
if seen[4] and now - tonumber(seen[4]) < tonumber(ARGV[3]) then
  changes = tonumber(seen[5])
end
return {seen[3] or '', since, now - since, changes}
