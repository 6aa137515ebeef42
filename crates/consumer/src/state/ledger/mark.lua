-- Sets a mark of a recorded outcome, where the record is there.
-- KEYS: request. ARGV: the mark.
if redis.call('HEXISTS', KEYS[1], 'terminal') == 1 then
  redis.call('HSET', KEYS[1], ARGV[1], '1')
end
return 1
