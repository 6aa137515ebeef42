-- Claims a request for one delivery and loads what its decision needs.
--
-- KEYS: request, booking, activations, pause.
-- ARGV: 1 owner, 2 round, 3 '1' when a command follows at once, 4 what became of the owner's last
--       command ('unsent', 'never' or ''), 5 the cause of its failure or '', 6 lease (ms),
--       7 now (RFC 3339), 8 keep until (Unix ms), 9 '1' when the delivery is a redelivered one,
--       10 the key that says that the owner's worker lives.
--
-- Answers {'known', terminal, check_in, dead_lettered, held} or {'busy', ms} or
-- {'claimed', taken_at, attempts, doubts, ms since the first in doubt, cause, booking, pause (ms),
--  activations}.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local r = redis.call('HMGET', KEYS[1], 'terminal', 'check_in', 'dead_lettered', 'owner', 'until',
  'alive', 'round', 'attempts', 'doubts', 'doubt_at', 'taken_at', 'cause')

-- Another owner holds the claim until it lapses; or, where the broker has taken the message back
-- from somebody, until the owner's worker gives no sign of life any more.
local mine = r[4] == ARGV[1]
local held = r[4] and not mine and tonumber(r[5]) > now
  and (ARGV[9] == '0' or redis.call('EXISTS', r[6]) == 1)
if r[1] then
  return {'known', r[1], r[2], r[3] or '0', held and 1 or 0}
end
if held then
  return {'busy', tonumber(r[5]) - now}
end

-- Every claim with a command to follow counts as one written that may have opened the door; the
-- next one takes back what turned out otherwise.
local attempts = tonumber(r[8] or '0')
local doubts = tonumber(r[9] or '0')
local doubt_at = tonumber(r[10] or '0')
local undo = mine and ARGV[4] or ''
if mine and r[7] == ARGV[2] then
  undo = ARGV[3] == '1' and 'unsent' or '' -- the same claim again: its answer was lost
end
if undo == 'unsent' then
  attempts = attempts - 1
end
if undo ~= '' then
  doubts = doubts - 1
  if doubts == 0 then
    doubt_at = 0
  end
end
local loaded = {attempts, doubts, doubt_at > 0 and now - doubt_at or 0}
if ARGV[3] == '1' then
  attempts = attempts + 1
  doubts = doubts + 1
  if doubt_at == 0 then
    doubt_at = now
  end
end

local taken_at = r[11] or ARGV[7]
local cause = ARGV[5] ~= '' and ARGV[5] or r[12]
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'until', now + tonumber(ARGV[6]), 'alive', ARGV[10],
  'round', ARGV[2], 'attempts', attempts, 'doubts', doubts, 'doubt_at', doubt_at,
  'taken_at', taken_at, 'cause', cause or '')
redis.call('PEXPIREAT', KEYS[1], ARGV[8])
return {'claimed', taken_at, loaded[1], loaded[2], loaded[3], cause or '',
  redis.call('HGET', KEYS[2], 'record'), redis.call('PTTL', KEYS[4]),
  redis.call('HGETALL', KEYS[3])}
