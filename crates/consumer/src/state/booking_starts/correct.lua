-- Corrects the start of a booking among those by their start, unless another state was stored meanwhile.
-- KEYS: bookings by their start, the booking. ARGV: 1 booking, 2 the version that was read or '', 3 its
-- start (Unix ms), or '' where the booking is not stored.
if (redis.call('HGET', KEYS[2], 'version') or '') ~= ARGV[2] then
  return 0
end
if ARGV[3] == '' then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
return redis.call('ZADD', KEYS[1], 'XX', ARGV[3], ARGV[1])
