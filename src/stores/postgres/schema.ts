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

  -- One small row for each unfinished run: who may commit to it. A commit reads it, and only a claim changes it.
  create table leases (
    number bigint primary key,
    owner text collate "C",
    fence integer not null,
    started_at double precision not null
  );
  -- Without the number: else a plan for few rows could look up numbers in here, from end to end.
  create index leases_by_owner on leases (owner, started_at);

  create table processes (
    name text collate "C" primary key,
    seen double precision not null,
    lease double precision not null
  );

  -- The places of runs, as compact as they can be: read the view "steps". One that ends goes from the first table to
  -- the second: the first has what is read to go on with a run, whatever has ended before, and its indexes are small.
  create sequence turns;
  create table open_places (
    run bigint not null,
    path text collate "C" not null,
    kind text not null,
    state text not null,
    attempt integer not null,
    input text,
    output text,
    error text,
    memory text,
    due double precision,
    attempted_at double precision not null,
    started_at double precision not null,
    ordinal bigint not null,
    primary key (run, path)
  ) with (fillfactor = 80);
  create table ended_places (
    run bigint not null,
    path text collate "C" not null,
    kind text not null,
    state text not null,
    attempt integer not null,
    input text,
    output text,
    error text,
    memory text,
    due double precision,
    attempted_at double precision not null,
    started_at double precision not null,
    ended_at double precision not null,
    ordinal bigint not null,
    primary key (run, path)
  );

  create table attempts (
    run text collate "C" not null,
    path text collate "C" not null,
    attempt integer not null,
    error json not null,
    started_at double precision not null,
    ended_at double precision not null,
    primary key (run, path, attempt)
  );

  -- The events that one commit added to one run, numbered from first to last, the first of them at a time. Each is
  -- [type, path], then its attempt or an object of its other fields, then its time if it is another. The view "events"
  -- has them as they are told. That only one commit can follow an event is what the primary key says.
  create table histories (
    run bigint not null,
    first integer not null,
    last integer not null,
    at double precision not null,
    events text not null,
    primary key (run, first)
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
  create index commands_by_run on commands (run);

  -- JSON can say characters that a text of Postgres cannot hold, and its operators fail on them; here they are U+FFFD.
  create function readable(value json) returns json language sql immutable parallel safe as $$
    select case when value::text ~ '\\\\u(0000|d[89a-f])'
      then regexp_replace(value::text, '(?<!\\\\)((?:\\\\\\\\)*)\\\\u(?:0000|d[89a-f][0-9a-f]{2})', '\\1\\\\ufffd', 'g')::json
      else value end
  $$;

  -- What a commit, or a claim, locks to have the runs of one process for itself. Numbers are for the whole database.
  create function lock_of(process text) returns bigint language sql stable as $$
    select hashtextextended('signalbox ' || current_schema || ' ' || process, 0)
  $$;

  -- Begins a commit: from here to its end nobody takes a run from this process; other commits of it, of other runs, go on
  -- beside it, and are on the disk with the same sync. Each query in here sees what was committed before it began, so what
  -- is read after the lock is true until the commit is over; in the statement around it, which began before the lock, it
  -- would not have to be. Then what is wanted is compared: the
  -- owner and the fence of every run, and for a change that tells no event that none has been told. Of runs that begin
  -- under keys the keys are locked, a few at a time and in order, so that two who start the same wait in one order.
  create function hold(process text, numbers bigint[], fences integer[], silent bigint[], afters integer[], keys integer[])
  returns integer language plpgsql as $$
    declare
      lost record;
    begin
      perform pg_advisory_xact_lock_shared(lock_of(process));
      select wanted.number, leases.owner, coalesce(leases.fence, (select fence from runs where runs.number = wanted.number)) as fence into lost
        from unnest(numbers, fences) as wanted (number, fence) left join leases on leases.number = any (array[wanted.number])
        where leases.owner is distinct from process or leases.fence <> wanted.fence limit 1;
      if found then raise exception 'A run belongs to another.' using errcode = 'SBX01', detail = row_to_json(lost); end if;
      if cardinality(silent) > 0 then
        select wanted.number, max(histories.last) as found into lost
          from unnest(silent, afters) as wanted (number, after)
          join histories on histories.run = wanted.number and histories.first > wanted.after group by wanted.number limit 1;
        if found then raise exception 'A run has moved on.' using errcode = 'SBX02', detail = row_to_json(lost); end if;
      end if;
      perform pg_advisory_xact_lock(lock_of('') + bucket) from unnest(keys) as bucket;
      return 0;
    end
  $$;

  -- Ends a commit of places that the process takes for open, and that are not.
  create function refuse() returns integer language plpgsql as $$
    begin raise exception 'A place is not open.' using errcode = 'SBX03'; end
  $$;

  create view steps as
    select
      runs.run,
      path,
      case when path <> '' then regexp_replace(path, '/?[^/]*$', '') end as parent,
      kind,
      state,
      attempt,
      places.input::json as input,
      places.output::json as output,
      places.error::json as error,
      memory::json as memory,
      due,
      attempted_at,
      places.started_at,
      places.ended_at,
      ordinal
    from (
      select run as number, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, null::double precision as ended_at, ordinal
      from open_places
      union all
      select run, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ended_at, ordinal
      from ended_places
    ) as places join runs using (number);

  create view events as
    with kept as (
      select
        runs.run,
        first + event.index::integer - 1 as seq,
        coalesce((event.value ->> 3)::double precision, at) as at,
        event.value ->> 0 as type,
        event.value ->> 1 as path,
        event.value -> 2 as more
      from runs join histories on histories.run = runs.number,
        json_array_elements(readable(histories.events::json)) with ordinality as event (value, index)
      order by runs.run, first, event.index
    )
    select
      run,
      seq,
      at,
      to_timestamp(at / 1000) as at_time,
      type,
      path,
      ('{"seq":' || seq || ',"at":' || at || ',"path":' || to_json(path) || ',"type":' || to_json(type)
        || case json_typeof(more) when 'object' then ',' || substr(more::text, 2) when 'number' then ',"attempt":' || more::text || '}' else '}' end)::json
        as data
    from kept;

  create view timers as
    select runs.run, path, due, to_timestamp(due / 1000) as due_time
    from open_places join runs on runs.number = open_places.run where due is not null order by due;
  `,
  `
  -- What runs were started with, a row for each key of their metadata: ["tenant","acme"]. The run is its number; of
  -- what is longer than 200 characters there is a digest.
  create table run_metadata (
    entry text collate "C" not null,
    run bigint not null,
    primary key (entry, run)
  );
  -- By expressions: else a plan for few rows could look up numbers in here, from end to end, and lists in a primary key.
  create index run_metadata_by_run on run_metadata ((run + 0));
  create index runs_by_orchestrator on runs (orchestrator, (number + 0));
  create index runs_by_version on runs (version, (number + 0));
  create index runs_by_status on runs (status, (number + 0));

  create index ended_places_failed on ended_places (run, ordinal) where state in ('failed', 'timedOut', 'compensationFailed');
  `,
  `
  -- Whatever else belongs to a run. The number is where a page begins; "entries" are those of record_keys.
  create sequence record_numbers;
  create table records (
    run bigint not null,
    type text collate "C" not null,
    id text collate "C" not null,
    version bigint not null,
    body json,
    keys json,
    entries json,
    number bigint not null,
    primary key (run, type, id)
  );
  create unique index records_by_number on records (number);
  -- By expressions, so that a plan for few rows has no choice.
  create index records_by_type on records ((type || ''), (number + 0));
  create index records_of_run on records ((run + 0), (type || ''), (number + 0));

  -- What records are found by, a row for each of their keys: ["approval","state","open"]. The record and its run are
  -- their numbers; of what is longer than 200 characters there is a digest.
  create table record_keys (
    entry text collate "C" not null,
    record bigint not null,
    run bigint not null,
    primary key (entry, record)
  );
  create index record_keys_of_run on record_keys ((run + 0), (entry || ''), (record + 0));

  -- Writes a record, or deletes it if there is no version. Each statement in here sees what the one before it did, which the
  -- parts of one statement would not.
  create function write_record(of_run bigint, of_type text, with_id text, next bigint, new_body json, new_keys json, new_entries json)
  returns integer language plpgsql as $$
    declare
      found_number bigint;
      old_entries json;
    begin
      select number, entries into found_number, old_entries from records where run = of_run and type = of_type and id = with_id;
      if found_number is not null and (next is null or old_entries::text is distinct from new_entries::text) then
        delete from record_keys using json_array_elements_text(coalesce(old_entries, '[]')) as lost (entry)
          where record_keys.entry = any (array[lost.entry]) and record = found_number;
      end if;
      if next is null then
        delete from records where run = of_run and type = of_type and id = with_id;
        return 0;
      end if;
      if found_number is null then
        insert into records (run, type, id, version, body, keys, entries, number)
          values (of_run, of_type, with_id, next, new_body, new_keys, new_entries, nextval('record_numbers'))
          returning number into found_number;
      else
        update records set version = next, body = new_body, keys = new_keys, entries = new_entries
          where run = of_run and type = of_type and id = with_id;
        if old_entries::text is not distinct from new_entries::text then return 0; end if;
      end if;
      insert into record_keys (entry, record, run)
        select entry, found_number, of_run from json_array_elements_text(coalesce(new_entries, '[]')) as found (entry);
      return 0;
    end
  $$;

  -- The run, and the place in it, that started this one.
  alter table runs add column parent_run text collate "C";
  alter table runs add column parent_path text;
  create index runs_by_parent on runs (parent_run, (number + 0)) where parent_run is not null;

  -- The number of the event with which a place ended; 0 where nobody noted it.
  alter table ended_places add column ended_seq integer not null default 0;
  create index ended_places_completed on ended_places (run, ended_seq, ordinal) where state = 'completed';

  create or replace view steps as
    select
      runs.run,
      path,
      case when path <> '' then regexp_replace(path, '/?[^/]*$', '') end as parent,
      kind,
      state,
      attempt,
      places.input::json as input,
      places.output::json as output,
      places.error::json as error,
      memory::json as memory,
      due,
      attempted_at,
      places.started_at,
      places.ended_at,
      ordinal,
      nullif(ended_seq, 0) as ended_seq
    from (
      select run as number, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, null::double precision as ended_at, ordinal, 0 as ended_seq
      from open_places
      union all
      select run, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ended_at, ordinal, ended_seq
      from ended_places
    ) as places join runs using (number);
  `,
  `
  -- What a process has claimed last, under an id: the answer may have got lost.
  alter table processes add column claim text;
  alter table processes add column claimed bigint[];
  `,
];
