-- Takes the notices that are due to be published, where no other worker has the lease on publishing.
-- KEYS: notices, those taken by this call, the lease. ARGV: 1 ms, 2 worker.
-- Answers nothing where another worker has the lease.
local owner = redis.call('GET', KEYS[3])
if owner and owner ~= ARGV[2] then
  return false
end
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[1])
return take_due(KEYS[1], KEYS[2], ARGV[1])
