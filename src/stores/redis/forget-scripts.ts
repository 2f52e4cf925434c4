/**
 * The parts of scripts that forget steps. A script cannot go from a path to those below it, so the places are looked up first
 * and all named in the commit; nobody else begins any meanwhile, or the commit is refused.
 *
 * Texts of steps and attempts begin with the path as JSON. A quote in it is escaped, so what follows it in the text is found as it is.
 */
import { READS, SCORE, script } from './script.ts';

/** The paths of some places and of all below them, as JSON. Values: run, the paths as parts of a key. */
export const READ_BELOW = script(
  READS,
  `
local run, found, numbers = ARGV[1], {}, {}
for index = 2, #ARGV do
  numbers[#numbers + 1] = call('HGET', base .. 'paths:' .. run, ARGV[index]) or nil
end
local at = 1
while at <= #numbers do
  local text = call('HGET', base .. 'steps:' .. run, numbers[at])
  found[#found + 1] = text and string.match(text, '^{"path":(".-"),"kind":"') or nil
  local above = tonumber(numbers[at])
  local from, till = string.format('(%.0f', above * ${SCORE}), string.format('(%.0f', (above + 1) * ${SCORE})
  for _, number in ipairs(call('ZRANGE', base .. 'children:' .. run, from, till, 'BYSCORE')) do
    numbers[#numbers + 1] = number
  end
  at = at + 1
end
return found
`,
);

/**
 * For the script of a commit, which has `given`, `at`, `base` and `call`: the path of each place as a part of a key, and as JSON. The numbers
 * of steps are counted from here on: they are not given again, and are no longer as many as there are paths. Answers with the last number.
 */
export const FORGET_STEPS = `
local function forgetSteps(run, amount, last)
  local paths, steps, attempts = base .. 'paths:' .. run, base .. 'steps:' .. run, base .. 'attempts:' .. run
  if not last then
    last = call('HLEN', paths)
    call('HSET', base .. 'run:' .. run, 'last', last)
  end
  local isGone = {}
  for from = at, at + 2 * (amount - 1), 2 do
    local number = call('HGET', paths, given[from])
    if number then
      call('HDEL', paths, given[from])
      call('HDEL', steps, number)
      for _, set in ipairs({ 'open:', 'failed:' }) do call('SREM', base .. set .. run, number) end
      for _, set in ipairs({ 'completed:', 'children:' }) do call('ZREM', base .. set .. run, number) end
    end
    isGone[given[from + 1]] = true
  end
  at = at + 2 * amount
  local kept, before = {}, call('LRANGE', attempts, 0, -1)
  for _, text in ipairs(before) do
    if not isGone[string.match(text, '^{"path":(".-"),"attempt":')] then kept[#kept + 1] = text end
  end
  if #kept < #before then
    call('DEL', attempts)
    for from = 1, #kept, PIECE do call('RPUSH', attempts, unpack(kept, from, math.min(from + PIECE - 1, #kept))) end
  end
  return last
end
`;
