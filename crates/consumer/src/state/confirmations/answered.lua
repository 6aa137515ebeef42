-- The broker has confirmed the terminal event of an opening: its confirmation may be published.
-- KEYS: request, confirmed events that wait to be published. Answers 1 where it is to be published now.
if redis.call('HGET', KEYS[1], 'confirmation') == 'awaited' then
  redis.call('HSET', KEYS[1], 'confirmation', 'answered')
  local event = redis.call('HGET', KEYS[1], 'confirmed')
  if event then
    local time = redis.call('TIME')
    redis.call('ZADD', KEYS[2], tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000), event)
    return 1
  end
end
return 0
