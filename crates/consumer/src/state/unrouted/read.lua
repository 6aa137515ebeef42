-- The routing keys that were seen not long ago; the others are removed.
-- KEYS: routing keys, each with 'since last' (Unix ms). ARGV: ms for which they are remembered.
-- Answers {routing key, since, last} of each.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local all, found = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do
  local since, last = string.match(all[i + 1], '^(%d+) (%d+)$')
  if since and now - tonumber(last) <= tonumber(ARGV[1]) then
    table.insert(found, {all[i], tonumber(since), tonumber(last)})
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return found
