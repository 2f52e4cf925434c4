/**
 * The scripts by which runs change hands: signs of life, claims, and letting go. What holds for the others holds for these.
 *
 * Runs that nobody owns stand in `unowned`, and those of a process in `owned:<process>`. A claim comes by both, and puts aside
 * what it is not to take: into `strays:<pin>`, by what the run is pinned to, where nobody has to come by again before
 * there is somebody with that definition.
 */
import { READS, script, WRITES, WRITES_ALWAYS } from './script.ts';

/** How many runs one claim puts aside at the most: others wait while it runs. */
const ASIDE = 2_000;

/** A sign of life. Values: owner, its lease. Answers with the time. */
export const RENEW = script(WRITES_ALWAYS, `call('HSET', base .. 'owners', ARGV[1], ARGV[2]) return call('TIME')`);

/**
 * Takes over runs of nobody and of the dead, the oldest first. Values: owner, its lease, now, how many, the id of the claim, and then,
 * unless all are meant, 'only' and the pins of what can be gone on with. Answers with all that was ever claimed under the id, which
 * is kept: the answer before may have got lost.
 */
export const CLAIM = script(
  WRITES,
  `
local owner, lease, now, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local id, all, known, pins = ARGV[5], ARGV[6] ~= 'only', {}, {}
for index = 7, #ARGV do
  known[ARGV[index]] = true
  pins[#pins + 1] = ARGV[index]
end
call('HSET', base .. 'owners', owner, lease)
local sources, owners = { 'unowned' }, call('HGETALL', base .. 'owners')
for index = 1, #owners, 2 do
  if owners[index] ~= owner and (tonumber(owners[index + 1]) or 0) < now then
    local source = 'owned:' .. owners[index]
    if call('ZCARD', base .. source) > 0 then
      sources[#sources + 1] = source
    else
      call('HDEL', base .. 'owners', owners[index])
      call('HDEL', base .. 'claims', owners[index])
    end
  end
end
local found, aside = {}, 0
local function find(source, run, at)
  found[#found + 1] = { run = run, at = at, order = tonumber(at), source = source }
end
for _, source in ipairs(sources) do
  local from, amount = 0, 0
  while amount < limit and aside < ${ASIDE} do
    local runs = call('ZRANGE', base .. source, from, from + PAGE - 1, 'WITHSCORES')
    for index = 1, #runs, 2 do
      local run, at = runs[index], runs[index + 1]
      local pin = not all and call('HGET', base .. 'run:' .. run, 'pin')
      if pin and not known[pin] then
        call('HDEL', base .. 'run:' .. run, 'owner')
        call('ZREM', base .. source, run)
        call('ZADD', base .. 'strays:' .. pin, at, run)
        call('SADD', base .. 'strays', pin)
        aside = aside + 1
      else
        from, amount = from + 1, amount + 1
        if amount <= limit then find(source, run, at) end
      end
    end
    if #runs < 2 * PAGE then break end
  end
end
if all then pins = call('SMEMBERS', base .. 'strays') end
for _, pin in ipairs(pins) do
  local source = 'strays:' .. pin
  local runs = call('ZRANGE', base .. source, 0, limit - 1, 'WITHSCORES')
  for index = 1, #runs, 2 do find(source, runs[index], runs[index + 1]) end
  if #runs > 0 then sources[#sources + 1] = source end
end
if #sources > 1 then
  table.sort(found, function(a, b) if a.order ~= b.order then return a.order < b.order end return a.run < b.run end)
end
local kept = call('HGET', base .. 'claims', owner)
local claimed = kept and cjson.decode(kept) or {}
if claimed[1] ~= id then claimed = { id } end
for index = 1, math.min(limit, #found) do
  local run = found[index].run
  call('HSET', base .. 'run:' .. run, 'owner', owner)
  call('HINCRBY', base .. 'run:' .. run, 'fence', 1)
  call('ZREM', base .. found[index].source, run)
  call('ZADD', base .. 'owned:' .. owner, found[index].at, run)
  claimed[#claimed + 1] = run
end
if #claimed > 1 then call('HSET', base .. 'claims', owner, cjson.encode(claimed))
elseif kept then call('HDEL', base .. 'claims', owner) end
table.remove(claimed, 1)
for _, pin in ipairs(pins) do
  if call('EXISTS', base .. 'strays:' .. pin) == 0 then call('SREM', base .. 'strays', pin) end
end
return claimed
`,
);

/** One of the runs that were put aside for each pin but for some. Values: these pins. */
export const READ_STRAYS = script(
  READS,
  `
local known, found = {}, {}
for index = 1, #ARGV do known[ARGV[index]] = true end
for _, pin in ipairs(call('SMEMBERS', base .. 'strays')) do
  if not known[pin] then found[#found + 1] = call('ZRANGE', base .. 'strays:' .. pin, 0, 0)[1] end
end
return found
`,
);

/** Lets go of some runs of an owner, and answers how many. The last time also of the owner. Values: owner, the news. */
export const RELEASE = script(
  WRITES_ALWAYS,
  `
local owned = base .. 'owned:' .. ARGV[1]
local runs = call('ZRANGE', owned, 0, PAGE - 1, 'WITHSCORES')
for index = 1, #runs, 2 do
  call('HDEL', base .. 'run:' .. runs[index], 'owner')
  call('ZADD', base .. 'unowned', runs[index + 1], runs[index])
end
call('ZREMRANGEBYRANK', owned, 0, PAGE - 1)
if #runs < 2 * PAGE then
  call('HDEL', base .. 'owners', ARGV[1])
  call('HDEL', base .. 'claims', ARGV[1])
  call('PUBLISH', base .. 'news', ARGV[2])
end
return #runs / 2
`,
);
