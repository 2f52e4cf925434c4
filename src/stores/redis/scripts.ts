/**
 * The scripts that run in the server: each is one atomic step. All begin with `#!lua`, by which a server that is
 * full, read-only or short of replicas refuses a script before it begins, and not in its middle.
 *
 * None looks into what users gave: rows are texts here. KEYS[1] is what all keys begin with. `unpack` takes a few
 * thousand values at the most, so whatever can be long goes in pieces of PIECE.
 */
import { createHash } from 'node:crypto';

/** A script, and the name by which the server remembers it. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** Rows that one reading script answers with at the most: others wait while it runs. */
export const PAGE = 500;

export function script(flags: string, body: string): Script {
  const text = `#!lua${flags}\nlocal base, call, PIECE, PAGE = KEYS[1], redis.call, 1000, ${PAGE}\n${body.trim()}\n`;
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

export const WRITES = '';
/** Also in a server that is full: these make room, or keep alive what can make it. */
export const WRITES_ALWAYS = ' flags=allow-oom';
export const READS = ' flags=no-writes';

/** How many values of a commit belong to the batch, and how many then to each run's head. */
export const HEAD = 8;

/**
 * A batch of changes. First all runs are checked, and only then is anything written.
 *
 * Values: owner, its lease, the news, the number of runs; of each run a head (run, fence, events before, its key, how
 * many events, steps, attempts and signals); then of each run its row, and so on in that order.
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
local there, taken, began = {}, {}, 0
for index = 1, count do
  local head = 5 + (index - 1) * ${HEAD}
  local run, key = given[head], given[head + 3]
  local kept = call('HMGET', base .. 'run:' .. run, 'owner', 'fence')
  if kept[2] then
    there[index] = true
    if kept[1] ~= owner or kept[2] ~= given[head + 1] then return { 'lease', index, kept[1] or '', kept[2] } end
  end
  local found = call('LLEN', base .. 'events:' .. run)
  if found ~= tonumber(given[head + 2]) then return { 'conflict', index, found } end
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

-- A step has a number within its run, by the order in which steps began; by it all else is found.
local function writeSteps(run, amount)
  local paths, fresh, last, names, children = base .. 'paths:' .. run, {}, nil, nil, nil
  local function numberOf(path)
    if not last then last = call('HLEN', paths) end
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
    local cells, opened, closed, failed = {}, {}, {}, {}
    names, children = {}, {}
    for step = 0, some - 1 do
      local path, place = given[first + step], given[texts + 2 * step]
      local isOpen = string.byte(place) == 43
      local number = numbers[step + 1] or fresh[path]
      if not number then
        local above = #place > 1 and numberOfParent(string.sub(place, 3))
        number = numberOf(path)
        if above then
          children[#children + 1] = string.format('%.0f', above * 67108864 + number)
          children[#children + 1] = number
        end
      elseif not isOpen then
        closed[#closed + 1] = number
      end
      if isOpen then opened[#opened + 1] = number end
      if string.byte(place) == 33 then failed[#failed + 1] = number end
      cells[2 * step + 1], cells[2 * step + 2] = number, given[texts + 2 * step + 1]
    end
    if #names > 0 then call('HSET', paths, unpack(names)) end
    if #children > 0 then call('ZADD', base .. 'children:' .. run, unpack(children)) end
    call('HSET', base .. 'steps:' .. run, unpack(cells))
    -- One that is written twice in a commit is what it was written as last.
    if #opened > 0 then call('SADD', base .. 'open:' .. run, unpack(opened)) end
    if #closed > 0 then call('SREM', base .. 'open:' .. run, unpack(closed)) end
    if #failed > 0 then call('SADD', base .. 'failed:' .. run, unpack(failed)) end
  end
  at = at + 3 * amount
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

for index = 1, count do
  local head = 5 + (index - 1) * ${HEAD}
  local run = given[head]
  writeRow(index, run, head)
  local events, steps, attempts, signals =
    tonumber(given[head + 4]), tonumber(given[head + 5]), tonumber(given[head + 6]), tonumber(given[head + 7])
  if events > 0 then push(base .. 'events:' .. run, events) end
  if steps > 0 then writeSteps(run, steps) end
  if attempts > 0 then push(base .. 'attempts:' .. run, attempts) end
  if signals > 0 then writeSignals(run, signals) end
end
call('PUBLISH', base .. 'news', news)
return 0
`,
);

/**
 * Ends an unfinished run and what is open in it (S18), and answers with the number of its last event; 0 if there is none. What a step
 * was stands in a text that begins with path, kind and state: a quote in any of these is escaped, so the first `,"state":"` is that of the
 * step. It ends with its numbers. Values: run, its state, when it ended, the event without its number, the news.
 */
export const ABANDON = script(
  WRITES_ALWAYS,
  `
local run, state, at = ARGV[1], ARGV[2], ARGV[3]
local place = base .. 'run:' .. run
local kept = call('HMGET', place, 'owner', 'number', 'list', 'pin')
if not kept[2] or call('ZSCORE', base .. 'ended', run) then return 0 end
if kept[1] then call('ZREM', base .. 'owned:' .. kept[1], run) end
call('ZREM', base .. 'unowned', run)
call('ZREM', base .. 'strays:' .. kept[4], run)
if call('EXISTS', base .. 'strays:' .. kept[4]) == 0 then call('SREM', base .. 'strays', kept[4]) end
local list = string.gsub(kept[3], ':%a+$', ':cancelled')
call('ZREM', base .. 'runs:' .. kept[3], run)
call('ZADD', base .. 'runs:' .. list, kept[2], run)
call('SADD', base .. 'lists', list)
call('HSET', place, 'state', state, 'list', list)
call('HDEL', place, 'owner')
call('HINCRBY', place, 'fence', 1)
call('ZADD', base .. 'ended', at, run)
local steps, numbers = base .. 'steps:' .. run, call('SMEMBERS', base .. 'open:' .. run)
for _, number in ipairs(numbers) do
  local text = string.gsub(call('HGET', steps, number), ',"state":"%a+"', ',"state":"cancelled"', 1)
  text = string.gsub(text, ',"due":[%d.e+-]+(,"attemptedAt":[%d.e+-]+,"startedAt":[%d.e+-]+})$', '%1')
  call('HSET', steps, number, string.sub(text, 1, -2) .. ',"endedAt":' .. at .. '}')
end
call('UNLINK', base .. 'open:' .. run)
for _, command in ipairs(call('SMEMBERS', base .. 'asked:' .. run)) do call('ZREM', base .. 'commands', command) end
local seq = call('LLEN', base .. 'events:' .. run) + 1
call('RPUSH', base .. 'events:' .. run, '{"seq":' .. seq .. ',' .. string.sub(ARGV[4], 2))
call('PUBLISH', base .. 'news', ARGV[5])
return seq
`,
);

/** Deletes a run that has ended, with all that belongs to it. */
const FORGET = `
local function forget(run)
  local kept = call('HMGET', base .. 'run:' .. run, 'list', 'key', 'indexes')
  if kept[1] then call('ZREM', base .. 'runs:' .. kept[1], run) end
  if kept[2] then call('HDEL', base .. 'keys', kept[2]) end
  for each in string.gmatch(kept[3] or '', '[^\\n]+') do call('ZREM', base .. each, run) end
  call('ZREM', base .. 'runs', run)
  call('ZREM', base .. 'ended', run)
  for _, command in ipairs(call('SMEMBERS', base .. 'asked:' .. run)) do
    call('ZREM', base .. 'commands', command)
    call('UNLINK', base .. 'command:' .. command)
  end
  for _, place in ipairs({ 'run:', 'events:', 'paths:', 'steps:', 'open:', 'failed:', 'children:', 'attempts:', 'signals:', 'kept:', 'asked:' }) do
    call('UNLINK', base .. place .. run)
  end
end
`;

/** Deletes some runs that ended before a time, and answers how many. Values: the time, how many. */
export const PRUNE = script(
  WRITES_ALWAYS,
  `${FORGET}
local runs = call('ZRANGE', base .. 'ended', '-inf', '(' .. ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2])
for _, run in ipairs(runs) do forget(run) end
return #runs
`,
);

/** Deletes a run, if it has ended. Values: run, the news. */
export const DELETE_RUN = script(
  WRITES_ALWAYS,
  `${FORGET}
if not call('ZSCORE', base .. 'ended', ARGV[1]) then return 0 end
forget(ARGV[1])
call('PUBLISH', base .. 'news', ARGV[2])
return 1
`,
);

/** What goes on with a run, without what has ended: row, owner, fence, events, signals, and steps up to a page. */
export const READ_OPEN = script(
  READS,
  `
local run = ARGV[1]
local kept = call('HMGET', base .. 'run:' .. run, 'start', 'state', 'owner', 'fence')
if not kept[4] then return false end
local numbers = call('SMEMBERS', base .. 'open:' .. run)
local steps, signals = {}, {}
if #numbers > 0 and #numbers <= PAGE then
  table.sort(numbers, function(a, b) return tonumber(a) < tonumber(b) end)
  steps = call('HMGET', base .. 'steps:' .. run, unpack(numbers))
end
local ids = call('LRANGE', base .. 'kept:' .. run, 0, -1)
for from = 1, #ids, PIECE do
  local rows = call('HMGET', base .. 'signals:' .. run, unpack(ids, from, math.min(from + PIECE - 1, #ids)))
  for _, row in ipairs(rows) do signals[#signals + 1] = row end
end
return { kept[1], kept[2], kept[3], kept[4], call('LLEN', base .. 'events:' .. run), signals, numbers, steps }
`,
);

/** A page of the children of a step, as numbers and rows. Values: run, path of the parent, number of the last child of the page before. */
export const READ_CHILDREN = script(
  READS,
  `
local run = ARGV[1]
local above = tonumber(call('HGET', base .. 'paths:' .. run, ARGV[2]) or nil)
if not above then return { {}, {} } end
local after = string.format('(%.0f', above * 67108864 + tonumber(ARGV[3]))
local till = string.format('(%.0f', (above + 1) * 67108864)
local numbers = call('ZRANGE', base .. 'children:' .. run, after, till, 'BYSCORE', 'LIMIT', 0, PAGE)
if #numbers == 0 then return { {}, {} } end
return { numbers, call('HMGET', base .. 'steps:' .. run, unpack(numbers)) }
`,
);

/** Leaves a command; one that has gone unanswered is forgotten with the next. Values: id, run, body, how many seconds it is kept, the news. */
export const LEAVE_COMMAND = script(
  WRITES,
  `
local command = base .. 'command:' .. ARGV[1]
if call('HSETNX', command, 'run', ARGV[2]) == 0 then return 0 end
call('HSET', command, 'body', ARGV[3])
call('EXPIRE', command, ARGV[4])
call('SADD', base .. 'asked:' .. ARGV[2], ARGV[1])
call('EXPIRE', base .. 'asked:' .. ARGV[2], ARGV[4])
local oldest = call('ZRANGE', base .. 'commands', 0, 0)[1]
if oldest and call('EXISTS', base .. 'command:' .. oldest) == 0 then call('ZREM', base .. 'commands', oldest) end
call('ZADD', base .. 'commands', call('INCR', base .. 'number'), ARGV[1])
call('PUBLISH', base .. 'news', ARGV[5])
return 1
`,
);

/** Commands to runs of an owner: id, run and body of each. Values: owner, how many. */
export const READ_COMMANDS = script(
  READS,
  `
local owner, limit, found, from = ARGV[1], tonumber(ARGV[2]), {}, 0
while #found < 3 * limit do
  local ids = call('ZRANGE', base .. 'commands', from, from + PIECE - 1)
  for _, id in ipairs(ids) do
    local command = call('HMGET', base .. 'command:' .. id, 'run', 'body')
    if command[1] and #found < 3 * limit and call('HGET', base .. 'run:' .. command[1], 'owner') == owner then
      found[#found + 1], found[#found + 2], found[#found + 3] = id, command[1], command[2]
    end
  end
  if #ids < PIECE then break end
  from = from + PIECE
end
return found
`,
);

/** Answers a command that waits for it. Values: id, answer, how many seconds it is kept, the news. */
export const ANSWER_COMMAND = script(
  WRITES_ALWAYS,
  `
local command = base .. 'command:' .. ARGV[1]
local kept = call('HMGET', command, 'run', 'answer')
if not kept[1] or kept[2] then return 0 end
call('HSET', command, 'answer', ARGV[2])
call('HDEL', command, 'body')
call('EXPIRE', command, ARGV[3])
call('ZREM', base .. 'commands', ARGV[1])
call('PUBLISH', base .. 'news', ARGV[4])
return 1
`,
);

/** Takes the answer to a command away. Value: id. */
export const TAKE_ANSWER = script(
  WRITES_ALWAYS,
  `
local kept = call('HMGET', base .. 'command:' .. ARGV[1], 'answer', 'run')
if not kept[1] then return false end
call('UNLINK', base .. 'command:' .. ARGV[1])
call('SREM', base .. 'asked:' .. kept[2], ARGV[1])
return kept[1]
`,
);
