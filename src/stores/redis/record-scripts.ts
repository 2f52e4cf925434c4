/**
 * The parts of scripts that write, delete and read records. A record stands in a hash of its run, and by its number in a sorted set
 * for everything that records are asked for by; the names of these are kept beside it, a line each, behind its number.
 */
import { READS, script, WRITES } from './script.ts';

/**
 * For the script of a commit, which has `given`, `at`, `base` and `call`. `amount` records: the field of each, what it is called in sets,
 * their names, a line each, and its row. Before them `gone` deleted ones, of which the field and what they are called.
 */
export const WRITE_RECORDS = `
local function unlist(kept, member)
  for list in string.gmatch(kept, '\\n([^\\n]+)') do call('ZREM', base .. list, member) end
end
local function writeRecords(run, amount, gone)
  local rows, numbers = base .. 'records:' .. run, base .. 'recorded:' .. run
  for from = at, at + 2 * (gone - 1), 2 do
    local kept = call('HGET', numbers, given[from])
    if kept then
      unlist(kept, given[from + 1])
      call('HDEL', rows, given[from])
      call('HDEL', numbers, given[from])
    end
  end
  at = at + 2 * gone
  for from = at, at + 4 * (amount - 1), 4 do
    local field, member, lists = given[from], given[from + 1], given[from + 2]
    local kept = call('HGET', numbers, field)
    local number = kept and string.match(kept, '^%d+') or string.format('%.0f', call('INCR', base .. 'number'))
    local listing = number .. '\\n' .. lists
    if kept ~= listing then
      if kept then unlist(kept, member) end
      for list in string.gmatch(lists, '[^\\n]+') do call('ZADD', base .. list, number, member) end
      call('HSET', numbers, field, listing)
    end
    call('HSET', rows, field, given[from + 3])
  end
  at = at + 4 * amount
end
`;

/**
 * Adds a record to a run, unless it has one of this name; 0 if there is no such run. Values: run, the field of the record, what it is
 * called in sets, their names, its row.
 */
export const ADD_RECORD = script(
  WRITES,
  `
local given, at = ARGV, 2
${WRITE_RECORDS}
if call('EXISTS', base .. 'run:' .. given[1]) == 0 then return 0 end
if call('HEXISTS', base .. 'records:' .. given[1], given[2]) == 0 then writeRecords(given[1], 1, 0) end
return 1
`,
);

/** For the scripts that delete a run. A field is the type and the id of a record, a member of a set the run and the id. */
export const FORGET_RECORDS = `
local function forgetRecords(run)
  local kept = call('HGETALL', base .. 'recorded:' .. run)
  for index = 1, #kept, 2 do
    local member = run .. string.match(kept[index], ':.*$')
    for list in string.gmatch(kept[index + 1], '\\n([^\\n]+)') do call('ZREM', base .. list, member) end
  end
end
`;

/** A page of records: number, run and row of each. Values: the type, the name of the set, the number to begin after, how many. */
export const READ_RECORDS = script(
  READS,
  `
local found, answer = call('ZRANGE', base .. ARGV[2], '(' .. ARGV[3], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[4], 'WITHSCORES'), {}
for index = 1, #found, 2 do
  local run, id = string.match(found[index], '^([^:]*)(:.*)$')
  answer[#answer + 1] = { found[index + 1], run, call('HGET', base .. 'records:' .. run, ARGV[1] .. id) }
end
return answer
`,
);
