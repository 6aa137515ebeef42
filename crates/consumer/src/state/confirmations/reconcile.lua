-- Adds rows of Salto's log of entries, matches rows with openings that wait for their confirmation, and says
-- whether the log is to be asked. One row confirms one opening: a row that was added before is not added again, and
-- what is matched is taken out together with it.
--
-- KEYS: 1 openings that wait (score: when the command was sent, Unix ms), 2 rows without an opening (score: begin of
--       their second, Unix ms), 3 ids of rows that were added (score: when), 4 confirmed events that wait to be
--       published, 5 integrations with any of these, 6 when the log was asked last, 7 Salto's pause.
-- ARGV: 1 integration, 2 before the key of a request, 3 for how long an opening waits (ms), 4 for how long a row
--       waits, 5 how long ids are kept, 6 the waits after a command at which the log is asked (ms), with ',' between
--       them, or '', 7 source of the rows, 8 now (RFC 3339), then of each row: id, lock, begin of its second (Unix
--       ms), opened at (RFC 3339).
--
-- An opening is 'lock\nrequest\nfirst sent\nanswered\nevent', times in Unix ms. A row is
-- 'lock\nid\nseen\nopened at\nsource\nseen at'.
--
-- Answers {ms from answer to row of each opening confirmed now, with the row's source before each; openings that
-- were not confirmed in time; rows that matched nothing in time; '1' when the log is to be asked; when the oldest
-- waiting command was sent (Unix ms), or '0'}.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- How exact the clocks are; further than that, a row matches only after a while, so that an opening that is not
-- recorded yet comes first.
local EXACT, TOLERATED, PATIENCE = 600, 3000, 3000
-- No command is repeated, and none is answered, longer than this after it was sent.
local LONGEST = 60000

for i = 9, #ARGV, 4 do
  local from = tonumber(ARGV[i + 2])
  -- An old row belongs to an opening that no longer waits.
  if from > now - tonumber(ARGV[3]) and redis.call('ZADD', KEYS[3], 'NX', now, ARGV[i]) == 1 then
    redis.call('ZADD', KEYS[2], from, table.concat(
      {ARGV[i + 1], ARGV[i], now, ARGV[i + 3], ARGV[7], ARGV[8]}, '\n'))
  end
end

-- The opening of a row: of those that it may belong to, the one that was answered first. As rows are read in the order of
-- their times, this leaves no opening and no row over where all of them can be matched, whatever the error of the clocks.
local function opening_of(lock, from, patient)
  local tolerance = patient and TOLERATED or EXACT
  local best, answered = nil, nil
  local openings = redis.call('ZRANGEBYSCORE', KEYS[1], from - LONGEST, from + LONGEST)
  for i = 1, #openings do
    if string.sub(openings[i], 1, #lock) == lock then
      local first, last = string.match(openings[i], '^[^\n]*\n[^\n]*\n(%d+)\n(%d+)\n')
      last = tonumber(last)
      if tonumber(first) <= from + 1000 + tolerance and last >= from - tolerance
        and (not best or last < answered) then
        best, answered = openings[i], last
      end
    end
  end
  return best, answered
end

local rows, delays = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES'), {}
for i = 1, #rows, 2 do
  local row, from = rows[i], tonumber(rows[i + 1])
  local lock, seen, opened_at, source, seen_at =
    string.match(row, '^([^\n]*)\n[^\n]*\n(%d+)\n([^\n]*)\n([^\n]*)\n([^\n]*)$')
  local opening, answered = opening_of(lock, from, now - tonumber(seen) >= PATIENCE)
  if opening then
    redis.call('ZREM', KEYS[2], row)
    redis.call('ZREM', KEYS[1], opening)
    local request, event = string.match(opening, '^[^\n]*\n([^\n]*)\n%d+\n%d+\n(.*)$')
    event = cjson.decode(event)
    event.time = seen_at
    event.data.opened_at, event.data.seen_at, event.data.seen_in = opened_at, seen_at, source
    event = cjson.encode(event)
    local record = ARGV[2] .. request
    local state = redis.call('HGET', record, 'confirmation')
    if state then
      redis.call('HSET', record, 'confirmed', event)
    end
    -- Before lock.opened is published, its confirmation is not; a record that is gone was settled.
    if state ~= 'awaited' then
      redis.call('ZADD', KEYS[4], now, event)
    end
    delays[#delays + 1] = source
    delays[#delays + 1] = math.max(0, tonumber(seen) - answered)
  end
end

local unconfirmed = redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[3]))
local unmatched = redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[4]))
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - tonumber(ARGV[5]))
redis.call('PEXPIRE', KEYS[3], ARGV[5])
if redis.call('EXISTS', KEYS[1]) + redis.call('EXISTS', KEYS[2]) > 0 then
  redis.call('SADD', KEYS[5], ARGV[1])
else
  redis.call('SREM', KEYS[5], ARGV[1])
end

local ask = '0'
local asked = tonumber(redis.call('GET', KEYS[6]) or '0')
if ARGV[6] ~= '' and now - asked >= 1000 and redis.call('EXISTS', KEYS[7]) == 0 then
  for wait in string.gmatch(ARGV[6], '%d+') do
    local from, to = asked - tonumber(wait), now - tonumber(wait)
    if redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%d', from), string.format('%d', to)) > 0 then
      ask = '1'
      redis.call('SET', KEYS[6], string.format('%d', now), 'PX', ARGV[3])
      break
    end
  end
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {delays, unconfirmed, unmatched, ask, oldest[2] or '0'}
