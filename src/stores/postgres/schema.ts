/**
 * The tables of a Postgres store: written out, so that they can be pasted into a shell. `docs/postgres.md` says what a
 * reader finds where, `statements.ts` has what is asked of them.
 *
 * Nothing names the schema: every connection has it as its `search_path`. Columns that are looked up by are compared
 * byte by byte (`collate "C"`): that is quicker, and the same on every machine.
 */

/** Each step brings a schema from the version of its index to the next. A step that has been released is never changed. */
export const MIGRATIONS: readonly string[] = [
  `
  create table definitions (
    orchestrator text collate "C" not null,
    version text collate "C" not null,
    hash text collate "C" not null,
    lines json not null,
    primary key (orchestrator, version, hash)
  );

  create table runs (
    number bigint generated always as identity primary key,
    run text collate "C" not null unique,
    key text collate "C",
    orchestrator text collate "C" not null,
    version text not null,
    hash text not null,
    status text not null,
    input json,
    output json,
    error json,
    reason text,
    metadata json,
    fence integer not null,
    started_at double precision not null,
    ended_at double precision
  );
  create unique index runs_by_key on runs (orchestrator, key) where key is not null;
  create index runs_finished on runs (ended_at) where ended_at is not null;

  -- One small row for each unfinished run: what a commit checks and changes. The room that is left lets it be changed in place.
  create table leases (
    run text collate "C" primary key,
    owner text collate "C",
    fence integer not null,
    seq integer not null,
    started_at double precision not null,
    number bigint generated always as identity
  ) with (fillfactor = 60);
  create index leases_by_owner on leases (owner, started_at, number);

  create table processes (
    name text collate "C" primary key,
    seen double precision not null,
    lease double precision not null
  );

  create table steps (
    run text collate "C" not null,
    path text collate "C" not null,
    parent text collate "C",
    kind text not null,
    state text not null,
    attempt integer not null,
    input json,
    output json,
    error json,
    memory json,
    due double precision,
    attempted_at double precision not null,
    started_at double precision not null,
    ended_at double precision,
    ordinal bigint generated always as identity,
    primary key (run, path)
  ) with (fillfactor = 80);
  create index steps_unfinished on steps (run) where ended_at is null;

  create table attempts (
    run text collate "C" not null,
    path text collate "C" not null,
    attempt integer not null,
    error json not null,
    started_at double precision not null,
    ended_at double precision not null,
    primary key (run, path, attempt)
  );

  -- The events that one commit added to one run, under the number of the last of them.
  create table histories (
    run text collate "C" not null,
    seq integer not null,
    events json not null,
    primary key (run, seq)
  );

  -- What was sent to a run: taken by a step, or kept until one waits for it.
  create table signals (
    run text collate "C" not null,
    id text collate "C" not null,
    name text not null,
    payload json,
    sent_at double precision not null,
    answer text not null,
    taken_by text,
    number bigint generated always as identity,
    primary key (run, id)
  );
  create index signals_kept on signals (run, number) where taken_by is null;

  -- What one process asks of a run that another owns, and what that one answered.
  create table commands (
    id text collate "C" primary key,
    run text collate "C" not null,
    body json not null,
    answer json,
    left_at double precision not null,
    number bigint generated always as identity
  );
  create index commands_open on commands (number) where answer is null;

  -- JSON can say characters that a text of Postgres cannot hold, and its operators fail on them; here they are U+FFFD.
  create function readable(value json) returns json language sql immutable parallel safe as $$
    select case when value::text ~ '\\\\u(0000|d[89a-f])'
      then regexp_replace(value::text, '(?<!\\\\)((?:\\\\\\\\)*)\\\\u(?:0000|d[89a-f][0-9a-f]{2})', '\\1\\\\ufffd', 'g')::json
      else value end
  $$;

  -- Ends a commit that a run has not waited for, with all that it would have changed.
  create function refuse() returns integer language plpgsql as $$
    begin raise exception 'A run has moved on.' using errcode = 'SBX01'; end
  $$;

  create view events as
    select
      run,
      (event ->> 'seq')::integer as seq,
      (event ->> 'at')::double precision as at,
      to_timestamp((event ->> 'at')::double precision / 1000) as at_time,
      event ->> 'type' as type,
      event ->> 'path' as path,
      event as data
    from histories, json_array_elements(readable(events)) as event
    order by run, histories.seq, (event ->> 'seq')::integer;

  create view timers as
    select run, path, due, to_timestamp(due / 1000) as due_time
    from steps where due is not null and ended_at is null order by due;
  `,
];
