-- Adds stored bookings to an integration's bookings by their start, where they are missing.
-- KEYS: bookings by their start. ARGV: 1 ms for which a booking that has begun stays among them, then the
-- start (Unix ms) and the id of each booking.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local last = 0
for i = 2, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], 'NX', ARGV[i], ARGV[i + 1])
  last = math.max(last, tonumber(ARGV[i]))
end
local until_ms = last + tonumber(ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left == -1 or (left >= 0 and now + left < until_ms) then
  redis.call('PEXPIREAT', KEYS[1], until_ms)
end
return 0
