/**
 * The scripts of lists. A run stands, by its number, in sorted sets: in `runs` with all others, in the list of its orchestrator and status, in
 * that of its version and in one for each key of its metadata. Of those in the first list it stays all its life; they are named
 * in its field `indexes`, a line each.
 */
import { READS, script, WRITES } from './script.ts';

/** How many runs one reading looks at: others wait while it runs. */
const LOOKED_AT = 5_000;

/**
 * A part of a page: runs that stand in one list of each group, by their numbers, and where to go on; an empty text when there are no more. The
 * group with the fewest runs is walked through. Values: the number to begin after, how many runs, which come first (`oldest` or `newest`), then each group as the count of its lists and their names.
 */
export const READ_RUNS = script(
  READS,
  `
local after, limit, newest, groups, least = ARGV[1], tonumber(ARGV[2]), ARGV[3] == 'newest', {}, nil
local at = 4
while at <= #ARGV do
  local group = { size = 0 }
  for index = 1, tonumber(ARGV[at]) do
    group[index] = base .. ARGV[at + index]
    group.size = group.size + call('ZCARD', group[index])
  end
  at = at + #group + 1
  groups[#groups + 1] = group
  if not least or group.size < least.size then least = group end
end
local function isIn(group, run)
  for _, list in ipairs(group) do
    if call('ZSCORE', list, run) then return true end
  end
  return false
end
local function pageOf(list)
  if newest then return call('ZRANGE', list, '(' .. after, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, PAGE, 'WITHSCORES') end
  return call('ZRANGE', list, '(' .. after, '+inf', 'BYSCORE', 'LIMIT', 0, PAGE, 'WITHSCORES')
end
local function isBefore(a, b)
  if newest then return a[3] > b[3] end
  return a[3] < b[3]
end
local found, seen = {}, 0
while true do
  local some = {}
  for _, list in ipairs(least) do
    local part = pageOf(list)
    for index = 1, #part, 2 do some[#some + 1] = { part[index], part[index + 1], tonumber(part[index + 1]) } end
  end
  if #least > 1 then table.sort(some, isBefore) end
  -- What is behind the first of them may not be all that there is.
  for index = 1, math.min(#some, PAGE) do
    local run, number = some[index][1], some[index][2]
    local fits = true
    for _, group in ipairs(groups) do
      if fits and group ~= least then fits = isIn(group, run) end
    end
    after = number
    if fits then
      found[#found + 1] = run
      found[#found + 1] = number
      if #found == 2 * limit then return { after, found } end
    end
  end
  if #some < PAGE then return { '', found } end
  seen = seen + PAGE
  if seen >= ${LOOKED_AT} then return { after, found } end
end
`,
);

/** Puts runs of the first format into the lists that it did not have; which of their steps have failed stays unlisted. Values: of each its id and its lists, a line each. */
export const INDEX = script(
  WRITES,
  `
for at = 1, #ARGV, 2 do
  local place = base .. 'run:' .. ARGV[at]
  local number = call('HGET', place, 'number')
  if number then
    call('HSET', place, 'indexes', ARGV[at + 1], 'unlisted', '1')
    for list in string.gmatch(ARGV[at + 1], '[^\\n]+') do call('ZADD', base .. list, number, ARGV[at]) end
  end
end
return 0
`,
);

/** Marks runs of a format that did not list what has completed. Values: their ids. */
export const MARK = script(
  WRITES,
  `
for _, run in ipairs(ARGV) do
  if call('EXISTS', base .. 'run:' .. run) == 1 then call('HSETNX', base .. 'run:' .. run, 'unlisted', '2') end
end
return 0
`,
);
