/**
 * What is asked of the tables, one statement each; a commit is in `commit.ts`. They are prepared once on every connection
 * and planned without looking at sizes (`server.ts` sees to that), so each of them has to go by an index from the first row on.
 */

/** How things stand with runs whose commit was refused. */
export const SELECT_STANDING = `
  select runs.run, leases.owner, coalesce(leases.fence, runs.fence) as fence,
    coalesce(leases.seq, (select max(seq) from histories where histories.run = runs.run), 0) as seq, runs.ended_at
  from unnest($1::text[]) as wanted (run) join runs on runs.run = wanted.run left join leases on leases.run = runs.run`;

/** Where a lease of every owner would be: each look goes to the next name, however many runs an owner has. */
const OWNERS = `
  owners as (
    (select owner from leases where owner is not null order by owner limit 1)
    union all
    select (select leases.owner from leases where leases.owner > owners.owner order by leases.owner limit 1)
    from owners where owners.owner is not null
  )`;

/**
 * What nobody owns, or an owner who was not seen for longer than its lease; what another claims at this moment is passed
 * over. To claim is a sign of life: else the next process would take what was claimed for the run of a dead one.
 */
export const CLAIM = `
  with recursive ${OWNERS}, dead as (
    select owner from owners left join processes on processes.name = owners.owner
    where owner <> $1 and (processes.name is null or processes.seen + processes.lease < $2::float8)
  ), unowned as (
    select run, started_at, number from leases where owner is null
    order by started_at, number limit $3::integer for update skip locked
  ), orphaned as (
    select lost.* from dead cross join lateral (
      select run, started_at, number from leases where leases.owner = dead.owner
      order by started_at, number limit $3::integer for update skip locked
    ) as lost
  ), oldest as materialized (
    select * from (select * from unowned union all select * from orphaned) as found order by started_at, number limit $3::integer
  ), alive as (
    insert into processes (name, seen, lease) values ($1, $2::float8, $4::float8)
    on conflict (name) do update set seen = excluded.seen, lease = excluded.lease
  ), claimed as (
    update leases set owner = $1, fence = leases.fence + 1 from oldest where leases.run = oldest.run
    returning leases.run, leases.started_at, leases.number
  )
  select run from claimed order by started_at, number`;

/** A sign of life. */
export const RENEW = `
  insert into processes (name, seen, lease) values ($1, $2::float8, $3::float8)
  on conflict (name) do update set seen = excluded.seen, lease = excluded.lease`;

/** Whoever was not seen for a day. Its runs, if nobody wanted them, can be claimed without its row, too. */
export const FORGET_PROCESSES = `delete from processes where seen < $1::float8`;

/** Lets go of all runs, and says so. */
export const RELEASE = `
  with released as (
    update leases set owner = null where owner = $1 returning 1
  ), gone as (
    delete from processes where name = $1
  )
  select pg_notify(current_schema, $2) from (select count(*) as runs from released) as counted where runs > 0`;

export const INSERT_DEFINITIONS = `
  insert into definitions (orchestrator, version, hash, lines)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::json[]) on conflict do nothing`;

export const SELECT_DEFINITION = `
  select orchestrator, version, hash, lines from definitions where orchestrator = $1 and version = $2 and hash = $3`;

const RUN = `number, run, key, orchestrator, version, hash, status, input, output, error, reason, metadata, started_at, ended_at`;

export const SELECT_RUN = `select ${RUN} from runs where run = $1`;

export const SELECT_RUN_BY_KEY = `select ${RUN} from runs where orchestrator = $1 and key = $2`;

/** Runs under any of several keys. */
export const SELECT_KEYS = `
  select runs.run, runs.orchestrator, runs.key from unnest($1::text[], $2::text[]) as wanted (orchestrator, key)
  join runs on runs.orchestrator = wanted.orchestrator and runs.key = wanted.key`;

/** Runs in the order in which they were started; a null is no restriction. */
export const SELECT_RUNS = `
  select ${RUN} from runs
  where number > $1::bigint and ($2::text is null or orchestrator = $2) and ($3::text is null or status = $3)
  order by number limit $4::integer`;

const STEP = `run, path, parent, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ended_at`;
const SIGNAL = `run, id, name, payload, sent_at, answer, taken_by`;

/** A run with what is open in it, as of one moment. JSON in lists is text in there, to be read as it is everywhere. */
export const SELECT_OPEN = `
  select runs.number, runs.run, key, orchestrator, version, hash, status, input, output, error, reason, metadata, runs.started_at, ended_at,
    leases.owner, coalesce(leases.fence, runs.fence) as fence,
    coalesce(leases.seq, (select max(seq) from histories where histories.run = runs.run), 0) as seq,
    (
      select json_agg(step order by ordinal) from (
        select run, path, parent, kind, state, attempt, input::text, output::text, error::text, memory::text,
          due, attempted_at, started_at, ended_at, ordinal
        from steps where steps.run = runs.run and ended_at is null
      ) as step
    ) as steps,
    (
      select json_agg(signal order by number) from (
        select run, id, name, payload::text, sent_at, answer, taken_by, number
        from signals where signals.run = runs.run and taken_by is null
      ) as signal
    ) as signals
  from runs left join leases on leases.run = runs.run where runs.run = $1`;

/** Paths of what is below a place begin with it and a slash; the character after the slash is a zero. */
export const SELECT_CHILDREN = `
  select ${STEP} from steps where run = $1 and parent = $2 and path > $2 || '/' and path < $2 || '0' order by ordinal`;

export const SELECT_CHILDREN_OF_RUN = `select ${STEP} from steps where run = $1 and parent = '' order by ordinal`;

export const SELECT_STEPS = `select ${STEP} from steps where run = $1 order by ordinal`;

export const SELECT_ATTEMPTS = `
  select run, path, attempt, error, started_at, ended_at from attempts where run = $1 order by path, attempt`;

export const SELECT_SIGNAL = `select ${SIGNAL} from signals where run = $1 and id = $2`;

/** A batch has an event at the least, so a limit of events is limit enough for batches. */
export const SELECT_HISTORIES = `
  select run, seq, events from histories where run = $1 and seq > $2::integer order by seq limit $3::integer`;

/** Runs that ended before a moment, with all that belongs to them; what another prunes at this moment is passed over. */
export const PRUNE = `
  with old as materialized (
    select run from runs where ended_at < $1::float8 order by ended_at limit $2::integer for update skip locked
  ), their_histories as (
    delete from histories using old where histories.run = old.run
  ), their_attempts as (
    delete from attempts using old where attempts.run = old.run
  ), their_signals as (
    delete from signals using old where signals.run = old.run
  ), their_steps as (
    delete from steps using old where steps.run = old.run
  ), pruned as (
    delete from runs using old where runs.run = old.run returning 1
  )
  select count(*)::integer as runs from pruned`;

export const LEAVE_COMMAND = `
  with command as (
    insert into commands (id, run, body, left_at) values ($1, $2, $3::json, $4::float8) on conflict do nothing
  )
  select pg_notify(current_schema, $5)`;

/** For the owner of the run. That one has ended can be said by anybody: it has no owner any more. */
export const SELECT_COMMANDS = `
  select commands.id, commands.run, commands.body
  from commands left join leases on leases.run = commands.run
  where commands.answer is null and case
    when leases.run is not null then leases.owner = $1
    else exists (select from runs where runs.run = commands.run)
  end
  order by commands.number limit $2::integer`;

export const ANSWER_COMMAND = `
  with answered as (
    update commands set answer = $2::json where id = $1 and answer is null returning 1
  )
  select pg_notify(current_schema, $3) from answered`;

export const TAKE_ANSWER = `delete from commands where id = $1 and answer is not null returning id, answer`;

export const FORGET_COMMANDS = `delete from commands where left_at < $1::float8`;
