/**
 * The scripts that run in the server: each is one atomic step, as `script.ts` says. Those of commits, lists, records and
 * leases stand in files of their own.
 */
import { FORGET_RECORDS } from './record-scripts.ts';
import { READS, SCORE, script, WRITES, WRITES_ALWAYS } from './script.ts';

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
local seq = call('LLEN', base .. 'events:' .. run) + 1
local steps, numbers = base .. 'steps:' .. run, call('SMEMBERS', base .. 'open:' .. run)
for _, number in ipairs(numbers) do
  local text = string.gsub(call('HGET', steps, number), ',"state":"%a+"', ',"state":"cancelled"', 1)
  text = string.gsub(text, ',"due":[%d.e+-]+(,"attemptedAt":[%d.e+-]+,"startedAt":[%d.e+-]+})$', '%1')
  call('HSET', steps, number, string.sub(text, 1, -2) .. ',"endedAt":' .. at .. ',"endedSeq":' .. seq .. '}')
end
call('UNLINK', base .. 'open:' .. run)
for _, command in ipairs(call('SMEMBERS', base .. 'asked:' .. run)) do call('ZREM', base .. 'commands', command) end
call('RPUSH', base .. 'events:' .. run, '{"seq":' .. seq .. ',' .. string.sub(ARGV[4], 2))
call('PUBLISH', base .. 'news', ARGV[5])
return seq
`,
);

/** Deletes a run that has ended, with all that belongs to it. */
const FORGET = `${FORGET_RECORDS}
local function forget(run)
  local kept = call('HMGET', base .. 'run:' .. run, 'list', 'key', 'indexes')
  if kept[1] then call('ZREM', base .. 'runs:' .. kept[1], run) end
  if kept[2] then call('HDEL', base .. 'keys', kept[2]) end
  for each in string.gmatch(kept[3] or '', '[^\\n]+') do call('ZREM', base .. each, run) end
  call('ZREM', base .. 'runs', run)
  call('ZREM', base .. 'ended', run)
  forgetRecords(run)
  for _, command in ipairs(call('SMEMBERS', base .. 'asked:' .. run)) do
    call('ZREM', base .. 'commands', command)
    call('UNLINK', base .. 'command:' .. command)
  end
  for _, place in ipairs({ 'run:', 'events:', 'paths:', 'steps:', 'open:', 'failed:', 'completed:', 'children:', 'attempts:', 'signals:', 'kept:', 'asked:', 'records:', 'recorded:' }) do
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

/** A page of the children of a step, as numbers and rows. Values: run, path of the parent, number of the last child of the page before, how many. */
export const READ_CHILDREN = script(
  READS,
  `
local run = ARGV[1]
local above = tonumber(call('HGET', base .. 'paths:' .. run, ARGV[2]) or nil)
if not above then return { {}, {} } end
local after = string.format('(%.0f', above * ${SCORE} + tonumber(ARGV[3]))
local till = string.format('(%.0f', (above + 1) * ${SCORE})
local numbers = call('ZRANGE', base .. 'children:' .. run, after, till, 'BYSCORE', 'LIMIT', 0, ARGV[4])
if #numbers == 0 then return { {}, {} } end
return { numbers, call('HMGET', base .. 'steps:' .. run, unpack(numbers)) }
`,
);

/**
 * Counts a page of the children of a step by their states: the number of the last one, and each state with its count; nothing when there are no more. The
 * state is found as in ABANDON. Values: run, path of the parent, number of the last child of the page before.
 */
export const COUNT_CHILDREN = script(
  READS,
  `
local run = ARGV[1]
local above = tonumber(call('HGET', base .. 'paths:' .. run, ARGV[2]) or nil)
if not above then return {} end
local after = string.format('(%.0f', above * ${SCORE} + tonumber(ARGV[3]))
local till = string.format('(%.0f', (above + 1) * ${SCORE})
local numbers = call('ZRANGE', base .. 'children:' .. run, after, till, 'BYSCORE', 'LIMIT', 0, PAGE)
if #numbers == 0 then return {} end
local counts, answer = {}, { numbers[#numbers] }
for _, text in ipairs(call('HMGET', base .. 'steps:' .. run, unpack(numbers))) do
  local state = text and string.match(text, ',"state":"(%a+)"') or ''
  counts[state] = (counts[state] or 0) + 1
end
for state, count in pairs(counts) do
  answer[#answer + 1] = state
  answer[#answer + 1] = count
end
return answer
`,
);

/**
 * A page of the steps that have completed, as numbers and rows, the last one first; nothing for a run whose steps were not all listed.
 * Values: run, the scores below the first and from the second on, how many.
 */
export const READ_COMPLETED = script(
  READS,
  `
local run = ARGV[1]
if call('HEXISTS', base .. 'run:' .. run, 'unlisted') == 1 then return false end
local numbers = call('ZRANGE', base .. 'completed:' .. run, '(' .. ARGV[2], ARGV[3], 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[4])
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
