-- Stores a booking's state unless a newer one is there.
-- KEYS: booking, its check-in mark, the integration's bookings by their start.
-- ARGV: 1 version, 2 record, 3 keep until (Unix ms), 4 tied states kept at most, 5 booking, 6 its start
--       (Unix ms), 7 ms for which a booking that has begun stays among those by their start.
-- Answers 'newest'; 'tied' where another state has the same version, 'left out' where more are tied
-- than are kept; 'superseded' where a newer state or the same one is there.
--
-- The field 'tied' is the version that it belongs to, then the records tied with 'record', each on a
-- line of its own; the last line is '+' where others were left out. A build that does not know the
-- field leaves it as it is when it stores a newer version, so the version in it counts.
local stored = redis.call('HMGET', KEYS[1], 'version', 'record', 'tied')
if stored[1] and stored[1] > ARGV[1] then
  return 'superseded'
end
local answer = 'newest'
if stored[1] == ARGV[1] then
  local tied = ARGV[1] .. '\n'
  if stored[3] and string.sub(stored[3], 1, #tied) == tied then
    tied = stored[3]
  end
  if stored[2] == ARGV[2] or string.find(tied, '\n' .. ARGV[2] .. '\n', 1, true) then
    return 'superseded'
  end
  -- The lines of 'tied' are as many as the states: the version's line stands for 'record'.
  local _, states = string.gsub(tied, '\n', '')
  if states < tonumber(ARGV[4]) then
    answer, tied = 'tied', tied .. ARGV[2] .. '\n'
  elseif string.sub(tied, -2) == '+\n' then
    answer = 'left out'
  else
    answer, tied = 'left out', tied .. '+\n'
  end
  redis.call('HSET', KEYS[1], 'tied', tied)
else
  redis.call('HSET', KEYS[1], 'version', ARGV[1], 'record', ARGV[2])
  redis.call('HDEL', KEYS[1], 'tied')
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function keep(key, until_ms)
  local left = redis.call('PTTL', key)
  if left == -1 or (left >= 0 and now + left < until_ms) then
    redis.call('PEXPIREAT', key, until_ms)
  end
end

-- The record of a shortened booking keeps its later expiry: an old event with the old end may still come.
keep(KEYS[1], tonumber(ARGV[3]))
keep(KEYS[2], tonumber(ARGV[3]))

-- Of tied states, the first start counts.
local start = tonumber(ARGV[6])
if answer == 'newest' then
  redis.call('ZADD', KEYS[3], start, ARGV[5])
else
  redis.call('ZADD', KEYS[3], 'LT', start, ARGV[5])
end
keep(KEYS[3], start + tonumber(ARGV[7]))
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - tonumber(ARGV[7]))
return answer
