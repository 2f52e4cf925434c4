/** The script of a commit, and the order of the values that it takes; `batch.ts` puts them together. */
import { isTerminal, STATUSES } from '../../status.ts';
import { FORGET_STEPS } from './forget-scripts.ts';
import { WRITE_RECORDS } from './record-scripts.ts';
import { SCORE, script, WRITES } from './script.ts';

/** How many values of a commit belong to the batch, and how many then to each run's head. */
export const HEAD = 9;

/** The statuses of runs that have ended. */
const OVER = `{ ${STATUSES.filter(isTerminal)
  .map((status) => `${status} = true`)
  .join(', ')} }`;

/**
 * A batch of changes. First all runs are checked, and only then is anything written.
 *
 * Values: owner, its lease, the news, the number of runs; of each run a head (run, fence, events before, its key, how
 * many events, steps, attempts and signals, and, if there are any, how many records, how many
 * that are deleted and how many places that are forgotten); then of each run its row, what is forgotten, and so on in that order.
 */
export const COMMIT = script(
  WRITES,
  `
local given = ARGV
if KEYS[2] then
  given = call('LRANGE', KEYS[2], 0, -1)
  call('UNLINK', KEYS[2])
end
local owner, lease, news, count = given[1], given[2], given[3], tonumber(given[4])
local there, taken, lasts, began = {}, {}, {}, 0
local OVER = ${OVER}
for index = 1, count do
  local head = 5 + (index - 1) * ${HEAD}
  local run, key = given[head], given[head + 3]
  local kept = call('HMGET', base .. 'run:' .. run, 'owner', 'fence', 'last', 'list')
  local isOver = false
  if kept[2] then
    there[index], lasts[index] = true, kept[3]
    if kept[1] ~= owner or kept[2] ~= given[head + 1] then return { 'lease', index, kept[1] or '', kept[2] } end
    -- Nobody owns a run that has ended.
    isOver = OVER[string.match(kept[4], '%a+$')]
    if isOver and given[head + 2] ~= '0' then return { 'lease', index, '', kept[2] } end
  end
  local found = call('LLEN', base .. 'events:' .. run)
  if isOver or found ~= tonumber(given[head + 2]) then return { 'conflict', index, found } end
  if not kept[2] then
    began = began + 1
    if key ~= '' then
      local other = taken[key] or call('HGET', base .. 'keys', key)
      if other then return { 'taken', index, other } end
      taken[key] = run
    end
  end
end

-- A process that others took for dead and that begins a run is known to them again.
if began > 0 then call('HSETNX', base .. 'owners', owner, lease) end

local at = 5 + count * ${HEAD}
local function push(key, amount)
  for from = at, at + amount - 1, PIECE do
    call('RPUSH', key, unpack(given, from, math.min(from + PIECE, at + amount) - 1))
  end
  at = at + amount
end

local number = began > 0 and call('INCRBY', base .. 'number', began) - began
local listed = {}
local function putOnList(list, at, run)
  call('ZADD', base .. 'runs:' .. list, at, run)
  if not listed[list] then call('SADD', base .. 'lists', list) end
  listed[list] = true
end

local function writeRow(index, run, head)
  local state = given[at]
  if state == '' then at = at + 1 return end
  local start, list, startedAt, endedAt, pin, indexes =
    given[at + 1], given[at + 2], given[at + 3], given[at + 4], given[at + 5], given[at + 6]
  at = at + 7
  local place = base .. 'run:' .. run
  if there[index] then
    local before = call('HMGET', place, 'list', 'number')
    if before[1] ~= list then
      call('ZREM', base .. 'runs:' .. before[1], run)
      putOnList(list, before[2], run)
      call('HSET', place, 'state', state, 'list', list)
    else
      call('HSET', place, 'state', state)
    end
  else
    number = number + 1
    local key = given[head + 3]
    local cells = { 'start', start, 'state', state, 'owner', owner, 'fence', given[head + 1], 'number', number, 'list', list, 'pin', pin, 'indexes', indexes }
    if key ~= '' then
      cells[17], cells[18] = 'key', key
      call('HSET', base .. 'keys', key, run)
    end
    call('HSET', place, unpack(cells))
    call('ZADD', base .. 'runs', number, run)
    for each in string.gmatch(indexes, '[^\\n]+') do call('ZADD', base .. each, number, run) end
    putOnList(list, number, run)
    if endedAt == '' then call('ZADD', base .. 'owned:' .. owner, startedAt, run) end
  end
  if endedAt ~= '' then
    if there[index] then call('ZREM', base .. 'owned:' .. owner, run) end
    call('ZADD', base .. 'ended', endedAt, run)
  end
end

${FORGET_STEPS}
-- A step has a number within its run, by the order in which steps began; by it all else is found.
local function writeSteps(run, amount, counted)
  local paths, fresh, last, names, children = base .. 'paths:' .. run, {}, nil, nil, nil
  local function numberOf(path)
    if not last then last = counted and tonumber(counted) or call('HLEN', paths) end
    last = last + 1
    fresh[path] = last
    names[#names + 1] = path
    names[#names + 1] = last
    return last
  end
  local function numberOfParent(path)
    local known = fresh[path] or tonumber(call('HGET', paths, path) or nil) or numberOf(path)
    fresh[path] = known
    return known
  end
  for from = 1, amount, PIECE do
    local some = math.min(PIECE, amount - from + 1)
    local first, texts = at + from - 1, at + amount + 2 * (from - 1)
    local numbers = call('HMGET', paths, unpack(given, first, first + some - 1))
    local cells, opened, closed, failed, completed, others = {}, {}, {}, {}, {}, {}
    names, children = {}, {}
    for step = 0, some - 1 do
      local path, place = given[first + step], given[texts + 2 * step]
      local isOpen = string.byte(place) == 43
      local number = numbers[step + 1] or fresh[path]
      if not number then
        local slash = string.find(place, '/', 1, true)
        local above = slash and numberOfParent(string.sub(place, slash + 1))
        number = numberOf(path)
        if above then
          children[#children + 1] = string.format('%.0f', above * ${SCORE} + number)
          children[#children + 1] = number
        end
      else
        if not isOpen then closed[#closed + 1] = number end
        others[tostring(number)], completed[tostring(number)] = true, nil
      end
      if isOpen then opened[#opened + 1] = number end
      if string.byte(place) == 33 then failed[#failed + 1] = number end
      if string.byte(place) == 61 then
        completed[tostring(number)], others[tostring(number)] = tonumber(string.match(place, '^=(%d+)')), nil
      end
      cells[2 * step + 1], cells[2 * step + 2] = number, given[texts + 2 * step + 1]
    end
    if #names > 0 then call('HSET', paths, unpack(names)) end
    if #children > 0 then call('ZADD', base .. 'children:' .. run, unpack(children)) end
    call('HSET', base .. 'steps:' .. run, unpack(cells))
    -- One that is written twice in a commit is what it was written as last.
    if #opened > 0 then call('SADD', base .. 'open:' .. run, unpack(opened)) end
    if #closed > 0 then call('SREM', base .. 'open:' .. run, unpack(closed)) end
    if #failed > 0 then call('SADD', base .. 'failed:' .. run, unpack(failed)) end
    local ends, undone = {}, {}
    for each, seq in pairs(completed) do
      ends[#ends + 1] = string.format('%.0f', seq * ${SCORE} + tonumber(each))
      ends[#ends + 1] = each
    end
    for each in pairs(others) do undone[#undone + 1] = each end
    if #ends > 0 then call('ZADD', base .. 'completed:' .. run, unpack(ends)) end
    if #undone > 0 then call('ZREM', base .. 'completed:' .. run, unpack(undone)) end
  end
  at = at + 3 * amount
  if counted and last then call('HSET', base .. 'run:' .. run, 'last', last) end
end

local function writeSignals(run, amount)
  local signals, waiting = base .. 'signals:' .. run, base .. 'kept:' .. run
  for from = at, at + 3 * (amount - 1), 3 do
    local id, isKept = given[from], given[from + 1] == '+'
    local isNew = call('HSET', signals, id, given[from + 2]) == 1
    if isKept and isNew then call('RPUSH', waiting, id) end
    if not isKept and not isNew then call('LREM', waiting, 1, id) end
  end
  at = at + 3 * amount
end

${WRITE_RECORDS}
for index = 1, count do
  local head = 5 + (index - 1) * ${HEAD}
  local run = given[head]
  writeRow(index, run, head)
  local records, gone, forgotten = string.match(given[head + 8], '^(%d+) (%d+) (%d+)$')
  if forgotten and forgotten ~= '0' then lasts[index] = forgetSteps(run, tonumber(forgotten), lasts[index]) end
  local events, steps, attempts, signals =
    tonumber(given[head + 4]), tonumber(given[head + 5]), tonumber(given[head + 6]), tonumber(given[head + 7])
  if events > 0 then push(base .. 'events:' .. run, events) end
  if steps > 0 then writeSteps(run, steps, lasts[index]) end
  if attempts > 0 then push(base .. 'attempts:' .. run, attempts) end
  if signals > 0 then writeSignals(run, signals) end
  if records then writeRecords(run, tonumber(records), tonumber(gone)) end
end
call('PUBLISH', base .. 'news', news)
return 0
`,
);
