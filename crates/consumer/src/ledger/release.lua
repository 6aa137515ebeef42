-- Gives a claim back, so that another worker may take the request now: with an outcome, to publish
-- it.
--
-- KEYS: request. ARGV: 1 owner, 2 what became of its last command ('unsent', 'never' or ''),
--       3 the cause of its failure or ''.
local r = redis.call('HMGET', KEYS[1], 'owner', 'terminal', 'attempts', 'doubts')
if r[1] ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], 'owner', 'until', 'alive', 'round')
if r[2] then
  return 1
end
if ARGV[2] == 'unsent' then
  redis.call('HSET', KEYS[1], 'attempts', tonumber(r[3]) - 1)
end
if ARGV[2] ~= '' then
  local doubts = tonumber(r[4]) - 1
  redis.call('HSET', KEYS[1], 'doubts', doubts)
  if doubts == 0 then
    redis.call('HSET', KEYS[1], 'doubt_at', 0)
  end
end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'cause', ARGV[3])
end
return 1
