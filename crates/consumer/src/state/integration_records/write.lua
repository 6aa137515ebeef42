-- Stores or removes an integration, unless it was changed since it was read.
--
-- KEYS: 1 versions, 2 documents, 3 sealed passwords, 4 the audit's stream.
-- ARGV: 1 the integration's id, 2 the version that it was read with or '', 3 its new version,
--       4 its document or '' (removed), 5 what becomes of its password ('keep', 'set' or 'drop'),
--       6 the sealed password or '', 7 the audit line or '' (it goes elsewhere), 8 how long the stream is
--       kept (ms).
--
-- Answers {'stored'}, {'changed'} (it has another version by now), or {'later', version} where the new version
-- is not higher than this one, the newest of all integrations.
--
-- An id is never empty: the empty field has the newest version. A number is never given twice, so what was
-- removed and stored again is not taken for what it was.
-- A version that is no number is damaged, and reads as 0.
local function version_of(id)
  local version = redis.call('HGET', KEYS[1], id)
  return version and (string.match(version, '^%d+$') or '0')
end
if (version_of(ARGV[1]) or '') ~= ARGV[2] then
  return {'changed'}
end
local newest = version_of('') or '0'
if tonumber(ARGV[3]) <= tonumber(newest) then
  return {'later', newest}
end
redis.call('HSET', KEYS[1], '', ARGV[3])
if ARGV[4] == '' then
  for i = 1, 3 do
    redis.call('HDEL', KEYS[i], ARGV[1])
  end
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
  if ARGV[5] == 'set' then
    redis.call('HSET', KEYS[3], ARGV[1], ARGV[6])
  elseif ARGV[5] == 'drop' then
    redis.call('HDEL', KEYS[3], ARGV[1])
  end
end
if ARGV[7] ~= '' then
  redis.call('XADD', KEYS[4], '*', 'line', ARGV[7])
  redis.call('PEXPIRE', KEYS[4], ARGV[8])
end
return {'stored'}
