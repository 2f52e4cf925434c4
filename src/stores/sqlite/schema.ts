/**
 * The tables of a SQLite store, and how those of older files are brought to them. `statements.ts` has the statements on them, and
 * `docs/sqlite.md` says what a reader finds where.
 */

/** Tells a file of ours from a database of another program: `SGBX`. */
export const APPLICATION_ID = 0x53474258;

/** Each step brings a file from the version of its index to the next. A step that has been released is never changed. */
export const MIGRATIONS: readonly string[] = [
  `
  create table definitions (
    orchestrator text not null,
    version text not null,
    hash text not null,
    lines text not null,
    primary key (orchestrator, version, hash)
  ) without rowid;

  create table runs (
    number integer primary key autoincrement,
    run text not null unique,
    key text,
    orchestrator text not null,
    version text not null,
    hash text not null,
    status text not null,
    input text not null,
    output text not null,
    error text,
    reason text,
    metadata text not null,
    owner text,
    fence integer not null,
    started_at integer not null,
    ended_at integer
  );
  create unique index runs_by_key on runs (orchestrator, key) where key is not null;
  create index runs_unfinished on runs (started_at) where ended_at is null;
  create index runs_unowned on runs (started_at) where ended_at is null and owner is null;
  create index runs_finished on runs (ended_at) where ended_at is not null;
  create index runs_by_orchestrator on runs (orchestrator);
  create index runs_by_status on runs (status);

  -- The places of runs, as compact as they can be: read the view "steps". A row goes to the end of the table, and
  -- what many runs do at once lies on few pages. Nothing is null where a number or a JSON of nothing would stand.
  create table places (
    number integer primary key,
    run integer not null,
    path text not null,
    kind text not null,
    state text not null,
    attempt integer not null,
    input text,
    output text,
    error text,
    memory text,
    due integer,
    attempted_at integer not null,
    started_at integer not null,
    ended_at integer
  );
  create unique index places_by_path on places (run, path);

  create view steps as
    select
      runs.run as run,
      path,
      case when path <> '' then rtrim(rtrim(path, replace(path, '/', '')), '/') end as parent,
      kind,
      state,
      attempt,
      places.input as input,
      places.output as output,
      places.error as error,
      memory,
      due,
      attempted_at,
      places.started_at as started_at,
      places.ended_at as ended_at,
      places.number as ordinal
    from places join runs on runs.number = places.run;

  create table attempts (
    run text not null,
    path text not null,
    attempt integer not null,
    error text not null,
    started_at integer not null,
    ended_at integer not null,
    primary key (run, path, attempt)
  ) without rowid;

  -- The events that one commit added to one run, numbered from first to last, the first of them at a time. Each is
  -- [type, path], then its attempt or an object of its other fields, then its time if it is another. The view "events"
  -- has them as they are told.
  create table histories (
    number integer primary key,
    run integer not null,
    last integer not null,
    first integer not null,
    at integer not null,
    events text not null
  );
  create unique index histories_by_last on histories (run, last);

  create view events as
    with
      kept as (
        select
          runs.run as run,
          first + event.key as seq,
          coalesce(event.value ->> 3, at) as at,
          event.value ->> 0 as type,
          event.value ->> 1 as path,
          event.value -> 2 as more
        from runs join histories on histories.run = runs.number, json_each(histories.events) as event
        order by runs.run, last, event.id
      )
    select
      run,
      seq,
      at,
      datetime(at / 1000, 'unixepoch') as at_utc,
      type,
      path,
      '{"seq":' || seq || ',"at":' || at || ',"path":' || json_quote(path) || ',"type":' || json_quote(type)
        || case json_type(more) when 'object' then ',' || substr(more, 2) when 'integer' then ',"attempt":' || more || '}' else '}' end
        as data
    from kept;

  create view timers as
    select run, path, due, datetime(due / 1000, 'unixepoch') as due_utc from steps where due is not null order by due;

  -- What was sent to a run: taken by a step, or kept until one waits for it.
  create table signals (
    number integer primary key,
    run text not null,
    id text not null,
    name text not null,
    payload text not null,
    sent_at integer not null,
    answer text not null,
    taken_by text,
    unique (run, id)
  );
  create index signals_kept on signals (run, number) where taken_by is null;
  `,
  `
  -- Who writes to the file: each opening takes the next epoch, and writes nothing once there is a later one.
  create table epochs (one integer primary key check (one = 1), epoch integer not null);
  insert into epochs values (1, 0);
  `,
  `
  -- What runs were started with, a row for each key of their metadata: ["tenant","acme"]. The run is its number; of
  -- what is longer than 200 characters there is a digest.
  create table run_metadata (
    entry text not null,
    run integer not null,
    primary key (entry, run)
  ) without rowid;
  create index run_metadata_by_run on run_metadata (run);
  create index runs_by_version on runs (version);

  -- Written out: a list in brackets would cost a table of its own for each place that is written.
  create index places_failed on places (run, number)
    where state = 'failed' or state = 'timedOut' or state = 'compensationFailed';
  `,
  `
  -- Whatever else belongs to a run. A number is never given again: it is where a page begins.
  create table records (
    number integer primary key autoincrement,
    run integer not null,
    type text not null,
    id text not null,
    version integer not null,
    body text not null,
    keys text not null
  );
  create unique index records_by_id on records (run, type, id);
  create index records_by_type on records (type);
  create index records_of_run on records (run, type);

  -- What records are found by, a row for each of their keys: ["approval","state","open"]. The record and its run are
  -- their numbers; of what is longer than 200 characters there is a digest.
  create table record_keys (
    entry text not null,
    record integer not null,
    run integer not null,
    primary key (entry, record)
  ) without rowid;
  create index record_keys_of_run on record_keys (run, entry);

  -- The run, and the place in it, that started this one.
  alter table runs add column parent_run text;
  alter table runs add column parent_path text;
  create index runs_by_parent on runs (parent_run) where parent_run is not null;

  -- The number of the event with which a place ended; 0 while it is open, and where nobody noted it.
  alter table places add column ended_seq integer not null default 0;
  create index places_completed on places (run, ended_seq) where state = 'completed';

  drop view timers;
  drop view steps;
  create view steps as
    select
      runs.run as run,
      path,
      case when path <> '' then rtrim(rtrim(path, replace(path, '/', '')), '/') end as parent,
      kind,
      state,
      attempt,
      places.input as input,
      places.output as output,
      places.error as error,
      memory,
      due,
      attempted_at,
      places.started_at as started_at,
      places.ended_at as ended_at,
      places.number as ordinal,
      nullif(ended_seq, 0) as ended_seq
    from places join runs on runs.number = places.run;

  create view timers as
    select run, path, due, datetime(due / 1000, 'unixepoch') as due_utc from steps where due is not null order by due;
  `,
  `
  -- What a run goes on with: a few places, however many have ended.
  create index places_open on places (run) where ended_at is null;
  `,
  `
  -- Each step had an entry in it, and few runs are ever undone: the order of the ends is worked out for those.
  drop index places_completed;
  `,
  `
  -- Commits that a run makes while it is alone share a row here, so a row is found by its first event: that stays.
  drop index histories_by_last;
  create unique index histories_by_first on histories (run, first);

  drop view events;
  create view events as
    with
      kept as (
        select
          runs.run as run,
          first + event.key as seq,
          coalesce(event.value ->> 3, at) as at,
          event.value ->> 0 as type,
          event.value ->> 1 as path,
          event.value -> 2 as more
        from runs join histories on histories.run = runs.number, json_each(histories.events) as event
        order by runs.run, first, event.id
      )
    select
      run,
      seq,
      at,
      datetime(at / 1000, 'unixepoch') as at_utc,
      type,
      path,
      '{"seq":' || seq || ',"at":' || at || ',"path":' || json_quote(path) || ',"type":' || json_quote(type)
        || case json_type(more) when 'object' then ',' || substr(more, 2) when 'integer' then ',"attempt":' || more || '}' else '}' end
        as data
    from kept;
  `,
];
