/**
 * What is asked of the tables, one statement each; a commit is in `commit.ts`. They are prepared once on every connection
 * and planned without looking at sizes (`server.ts` sees to that), so each of them has to go by an index from the first row on.
 * Why it says `= any (array[…])` here and there stands at `PARTS` in `commit.ts`.
 */

const SEQ = `coalesce((select last from histories where histories.run = runs.number order by first desc limit 1), 0) as seq`;

/** How things stand with some runs, and which paths are open in them. */
export const SELECT_STANDING = `
  select runs.run, runs.number, leases.owner, coalesce(leases.fence, runs.fence) as fence, ${SEQ}, runs.ended_at,
    (select json_agg(path) from open_places where open_places.run = runs.number) as open
  from unnest($1::text[]) as wanted (run) join runs on runs.run = any (array[wanted.run]) left join leases on leases.number = any (array[runs.number])`;

/** Waits until every commit of this process is over, also one that nobody waits for any more. */
export const AWAIT_COMMIT = `select 1 as over from pg_advisory_xact_lock(lock_of($1::text))`;

/** Where a lease of every owner would be: each look goes to the next name, however many runs an owner has. */
const OWNERS = `
  owners as (
    (select owner from leases where owner is not null order by owner limit 1)
    union all
    select (select leases.owner from leases where leases.owner > owners.owner order by leases.owner limit 1)
    from owners where owners.owner is not null
  )`;

/**
 * Is the run pinned to one of these definitions? Without any list it is as good as known. A value for each lease, which no
 * planner turns into a walk through all runs.
 */
const isKnown = (orchestrators: string, versions: string, hashes: string): string => `
  (${orchestrators}::text[] is null or (
    select exists (
      select 1 from unnest(${orchestrators}::text[], ${versions}::text[], ${hashes}::text[]) as known (orchestrator, version, hash)
      where known.orchestrator = runs.orchestrator and known.version = runs.version and known.hash = runs.hash
    ) from runs where runs.number = leases.number
  ))`;

/**
 * What nobody owns, or an owner who was not seen for longer than its lease; what another claims at this moment is passed
 * over: a lease, or all of an owner who just commits. Nobody waits here, so no two can wait for each other; and once the lock of
 * an owner is taken, its commits wait, and then see who has its runs. To claim is a sign of life: else the next process would take what was claimed for the run of a dead one.
 * The answer has all that was ever claimed under the id ($8), in its order, null for what is gone by now: the answer before may have got lost.
 */
export const CLAIM = `
  with recursive ${OWNERS}, dead as (
    select owner from owners left join processes on processes.name = owners.owner
    where case when owner <> $1::text and (processes.name is null or processes.seen + processes.lease < $2::float8)
      then pg_try_advisory_xact_lock(lock_of(owner)) else false end
  ), unowned as (
    select started_at, number from leases where owner is null and ${isKnown('$5', '$6', '$7')}
    order by started_at, number limit $3::integer for update skip locked
  ), orphaned as (
    select lost.* from dead cross join lateral (
      select started_at, number from leases where leases.owner = dead.owner and ${isKnown('$5', '$6', '$7')}
      order by started_at, number limit $3::integer for update skip locked
    ) as lost
  ), oldest as materialized (
    select * from (select * from unowned union all select * from orphaned) as found order by started_at, number limit $3::integer
  ), claimed as (
    update leases set owner = $1::text, fence = leases.fence + 1 from oldest where leases.number = any (array[oldest.number])
    returning leases.started_at, leases.number
  ), alive as (
    insert into processes (name, seen, lease, claim, claimed) values ($1::text, $2::float8, $4::float8, $8::text,
      coalesce((select array_agg(number order by started_at, number) from claimed), '{}'))
    on conflict (name) do update set seen = excluded.seen, lease = excluded.lease, claim = excluded.claim,
      claimed = case when processes.claim = excluded.claim then processes.claimed || excluded.claimed else excluded.claimed end
    returning claimed
  )
  select runs.run from alive cross join unnest(alive.claimed) with ordinality as all_of_it (number, place)
    left join runs on runs.number = any (array[all_of_it.number]) order by place`;

/** Of the runs that nobody owns, or a dead one, and that are pinned to nothing known, the oldest of each definition. */
export const SELECT_STRAYS = `
  with recursive ${OWNERS}, dead as (
    select owner from owners left join processes on processes.name = owners.owner
    where owner <> $1::text and (processes.name is null or processes.seen + processes.lease < $2::float8)
  )
  select distinct on (runs.orchestrator, runs.version, runs.hash) runs.run
  from leases join runs on runs.number = leases.number
  where (leases.owner is null or leases.owner in (select owner from dead)) and not ${isKnown('$3', '$4', '$5')}
  order by runs.orchestrator, runs.version, runs.hash, leases.started_at, leases.number limit 50`;

/** A sign of life, and what the time is. */
export const RENEW = `
  insert into processes (name, seen, lease) values ($1, $2::float8, $3::float8)
  on conflict (name) do update set seen = excluded.seen, lease = excluded.lease
  returning extract(epoch from clock_timestamp()) * 1000::float8 as now`;

/** Whoever was not seen for a day. Its runs, if nobody wanted them, can be claimed without its row, too. */
export const FORGET_PROCESSES = `delete from processes where seen < $1::float8`;

/** Lets go of all runs when no commit of ours is under way any more, and says so. */
export const RELEASE = `
  with alone as materialized (
    select pg_advisory_xact_lock(lock_of($1::text))
  ), released as (
    update leases set owner = null from alone where owner = $1::text returning 1
  ), gone as (
    delete from processes where name = $1::text
  )
  select pg_notify(current_schema, $2) from (select count(*) as runs from released) as counted where runs > 0`;

export const INSERT_DEFINITIONS = `
  insert into definitions (orchestrator, version, hash, lines)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::json[]) on conflict do nothing`;

export const SELECT_DEFINITION = `
  select orchestrator, version, hash, lines from definitions where orchestrator = $1 and version = $2 and hash = $3`;

/** The columns of a run. */
export const RUN = `number, runs.run, key, orchestrator, version, hash, status, input, output, error, reason, metadata, started_at, ended_at, parent_run, parent_path`;

export const SELECT_RUN = `select ${RUN} from runs where run = $1`;

export const SELECT_RUN_BY_KEY = `select ${RUN} from runs where orchestrator = $1 and key = $2`;

/** Runs under any of several keys. */
export const SELECT_KEYS = `
  select runs.run, runs.orchestrator, runs.key from unnest($1::text[], $2::text[]) as wanted (orchestrator, key)
  join runs on runs.orchestrator = wanted.orchestrator and runs.key = wanted.key`;

const PLACE = `path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ordinal`;
const SIGNAL = `run, id, name, payload, sent_at, answer, taken_by`;

/** A run with what is open in it, as of one moment. JSON in lists is text in there, to be read as it is everywhere. */
export const SELECT_OPEN = `
  select runs.number, runs.run, key, orchestrator, version, hash, status, input, output, error, reason, metadata, runs.started_at, ended_at, parent_run, parent_path,
    leases.owner, coalesce(leases.fence, runs.fence) as fence, ${SEQ},
    (
      select json_agg(step order by ordinal) from (
        select ${PLACE}, null as ended_at, null as ended_seq from open_places where open_places.run = runs.number
      ) as step
    ) as steps,
    (
      select json_agg(signal order by number) from (
        select run, id, name, payload::text, sent_at, answer, taken_by, number
        from signals where signals.run = runs.run and taken_by is null
      ) as signal
    ) as signals
  from runs left join leases on leases.number = any (array[runs.number]) where runs.run = $1`;

/** Every place of a run: what is open and what has ended. */
export const SELECT_STEPS = `
  with wanted as (select number from runs where run = $1::text)
  select ${PLACE}, null::float8 as ended_at, null::integer as ended_seq from open_places where run = (select number from wanted)
  union all
  select ${PLACE}, ended_at, ended_seq from ended_places where run = (select number from wanted)
  order by ordinal`;

/**
 * The children of the run's own place, if that is asked for, and of others: of those the paths begin with the parent's and a slash, after
 * which comes a zero. `offset 0` keeps the parents outside: a planner that takes them inside compares each place with each parent.
 */
const childrenIn = (table: string): string => `
  select path, state, output, ordinal from ${table}
  where run = (select number from wanted) and '' = any ($2::text[]) and path > '' and strpos(path, '/') = 0
  union all
  select child.path, child.state, child.output, child.ordinal
  from unnest($2::text[]) as parent (path), lateral (
    select path, state, output, ordinal from ${table} as place
    where run = (select number from wanted) and parent.path <> '' and place.path > parent.path || '/' and place.path < parent.path || '0'
      and strpos(substr(place.path, length(parent.path) + 2), '/') = 0
    offset 0
  ) as child`;

const WANTED = `with wanted as (select number from runs where run = $1::text)`;

const CHILDREN = `
  ${childrenIn('open_places')}
  union all
  ${childrenIn('ended_places')}`;

export const SELECT_CHILDREN = `${WANTED} ${CHILDREN} order by ordinal`;

/** A page of the children of one place. */
export const SELECT_CHILDREN_PAGE = `
  ${WANTED}
  select path, state, output from (${CHILDREN}) as children
  where ordinal > coalesce(
    (select ordinal from open_places where run = (select number from wanted) and path = $3::text),
    (select ordinal from ended_places where run = (select number from wanted) and path = $3::text),
    0
  )
  order by ordinal limit $4::bigint`;

export const COUNT_CHILDREN = `${WANTED} select state, count(*) as count from (${CHILDREN}) as children group by state`;

export const SELECT_FAILURES = `
  select path, state, error from ended_places
  where run = (select number from runs where run = $1::text) and state in ('failed', 'timedOut', 'compensationFailed')
  order by ordinal`;

const COMPLETED = `ended_places where run = (select number from wanted) and state = 'completed' and ended_seq < $2::bigint`;

/** A page that does not end among those with one number. */
export const SELECT_COMPLETED = `
  with wanted as (select number from runs where run = $1::text)
  select ${PLACE}, ended_at, ended_seq from ${COMPLETED} and ended_seq >= coalesce((
    select ended_seq from ${COMPLETED} order by ended_seq desc, ordinal desc limit 1 offset $3::integer - 1
  ), 0)
  order by ended_seq desc, ordinal desc`;

export const SELECT_ATTEMPTS = `
  select run, path, attempt, error, started_at, ended_at from attempts where run = $1 order by path, attempt`;

export const SELECT_SIGNAL = `select ${SIGNAL} from signals where run = $1 and id = $2`;

/** From the commit on that has the first event that is asked for. One has an event at the least, so a limit of events is limit enough. */
export const SELECT_HISTORIES = `
  with wanted as (select number from runs where run = $1::text)
  select first, last, at, events from histories
  where run = (select number from wanted) and last > $2::integer and first >= coalesce((
    select max(first) from histories where run = (select number from wanted) and first <= $2::integer + 1
  ), 0)
  order by first limit $3::integer`;

/** Deletes the runs that `old` finds and holds, with all that belongs to them, and answers how many. All of it goes by the lock of their rows. */
const deletionOf = (old: string): string => `
  with old as materialized (
    ${old}
  ), their_histories as (
    delete from histories using old where histories.run = any (array[old.number])
  ), their_attempts as (
    delete from attempts using old where attempts.run = any (array[old.run])
  ), their_signals as (
    delete from signals using old where signals.run = any (array[old.run])
  ), their_commands as (
    delete from commands using old where commands.run = any (array[old.run])
  ), their_metadata as (
    delete from run_metadata using old where run_metadata.run + 0 = any (array[old.number])
  ), their_record_keys as (
    delete from record_keys using old where record_keys.run + 0 = any (array[old.number])
  ), their_records as (
    delete from records using old where records.run = any (array[old.number])
  ), their_steps as (
    delete from ended_places using old where ended_places.run = any (array[old.number])
  ), their_open_places as (
    delete from open_places using old where open_places.run = any (array[old.number])
  ), pruned as (
    delete from runs using old where runs.run = any (array[old.run]) returning 1
  )
  select count(*)::integer as runs from pruned`;

/** Runs that ended before a moment; what another deletes at this moment is passed over. */
export const PRUNE = deletionOf(
  `select run, number from runs where ended_at < $1::float8 order by ended_at limit $2::integer for update skip locked`,
);

/** One run, if it has ended. Whoever comes second waits for the first, and then finds none. */
export const DELETE_RUN = deletionOf(
  `select run, number from runs where run = $1::text and ended_at is not null for update`,
);

/** Who owns an unfinished run: whose lock has to be waited for. */
export const SELECT_OWNER = `
  select leases.number, leases.owner from runs join leases on leases.number = any (array[runs.number]) where runs.run = $1`;

/**
 * Ends a run and what is open in it (S18), as long as it is owned by whom it was: `SELECT_OWNER` has said so. The lock waits for
 * the commits of that process that are under way, and what they have told is seen: it is taken by the statement before.
 */
export const ABANDON = `
  with lost as (
    delete from leases where number = $1::bigint and owner is not distinct from $2::text returning number, fence
  ), ended as (
    update runs set status = 'cancelled', output = null, error = null, reason = $3::text, ended_at = $4::float8, fence = lost.fence + 1
    from lost where runs.number = any (array[lost.number])
  ), told as (
    select number, coalesce((select last from histories where histories.run = lost.number order by first desc limit 1), 0) + 1 as seq from lost
  ), closed as (
    delete from open_places as open using lost where open.run = any (array[lost.number])
    returning open.run, path, kind, attempt, input, output, error, memory, attempted_at, started_at, ordinal
  ), steps as (
    insert into ended_places (run, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ended_at, ordinal, ended_seq)
    select run, path, kind, 'cancelled', attempt, input, output, error, memory, null, attempted_at, started_at, $4::float8, ordinal, (select seq from told)
    from closed
  )
  insert into histories (run, first, last, at, events)
  select number, seq, seq, $4::float8, $5::text from told
  returning last as seq`;

export const LEAVE_COMMAND = `
  with command as (
    insert into commands (id, run, body, left_at) values ($1, $2, $3::json, $4::float8) on conflict do nothing
  )
  select pg_notify(current_schema, $5)`;

/** Tells others of what was committed; by itself, since in a commit it would hold up those of all other processes. */
export const TELL = `select pg_notify(current_schema, told) from unnest($1::text[]) as told`;

/** For the owner of the run. That one has ended can be said by anybody: it has no owner any more. */
export const SELECT_COMMANDS = `
  select commands.id, commands.run, commands.body
  from commands join runs on runs.run = any (array[commands.run]) left join leases on leases.number = any (array[runs.number])
  where commands.answer is null and (leases.number is null or leases.owner = $1)
  order by commands.number limit $2::integer`;

export const ANSWER_COMMAND = `
  with answered as (
    update commands set answer = $2::json where id = $1 and answer is null returning 1
  )
  select pg_notify(current_schema, $3) from answered`;

export const TAKE_ANSWER = `delete from commands where id = $1 and answer is not null returning id, answer`;

export const FORGET_COMMANDS = `delete from commands where left_at < $1::float8`;
