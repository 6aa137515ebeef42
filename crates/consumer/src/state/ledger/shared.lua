-- What the ledger's scripts share; each of them is put after it.

-- Redis' clock, in milliseconds of Unix time.
local function redis_now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Removes the command in flight of an owner: from the integration's and, where 'slot' names them, the IQ's
-- and the lock's.
local function remove_in_flight(integration_key, slot, owner, heartbeat)
  if slot and slot ~= '' then
    local member = owner .. '\n' .. heartbeat
    local iq_key, lock_key = string.match(slot, '^([^\n]*)\n?(.*)$')
    redis.call('ZREM', integration_key, member)
    redis.call('ZREM', iq_key, member)
    if lock_key ~= '' and redis.call('GET', lock_key) == member then
      redis.call('DEL', lock_key)
    end
  end
end

-- What a result says about the command that an attempt has reserved: 'unsent', 'never' or ''. A result
-- counts once, for the attempt that it is about ('granted'). The command of a later attempt was never sent:
-- the reply to its claim was lost. Of an earlier one nothing is known where Redis lost the claim that was
-- granted last.
local function result_of(attempt, granted, result)
  attempt, granted = tonumber(attempt), tonumber(granted)
  if attempt == granted then
    return result
  end
  return attempt > granted and 'unsent' or ''
end

