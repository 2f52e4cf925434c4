/**
 * The statements on the tables of a SQLite store (`schema.ts`): written out, one constant each, so
 * that every one can be pasted into a shell. `docs/sqlite.md` says what a reader finds where.
 *
 * Parameters have no numbers: the first releases of Node 22 and 24 that the package takes bind such ones wrongly.
 */

export const INSERT_RUN = `
  insert into runs (run, key, orchestrator, version, hash, status, input, output, error, reason, metadata, owner, fence, started_at, ended_at, parent_run, parent_path)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export const INSERT_ENTRY = `insert into run_metadata (entry, run) values (?, ?)`;

export const UPDATE_RUN = `
  update runs set status = ?, output = ?, error = ?, reason = ?, ended_at = ? where number = ?`;

/** A place that begins, or that changes before it ends. What never changes is not set again. */
export const UPSERT_PLACE = `
  insert into places (state, attempt, output, error, memory, due, attempted_at, ended_at, ended_seq, path, run, kind, input, started_at)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict (run, path) do update set
    state = excluded.state, attempt = excluded.attempt, output = excluded.output, error = excluded.error, memory = excluded.memory,
    due = excluded.due, attempted_at = excluded.attempted_at, ended_at = excluded.ended_at, ended_seq = excluded.ended_seq`;

/** A place that ends: nearly all have a row by then, and need not carry their input again. The first eleven of the values above. */
export const END_PLACE = `
  update places set state = ?, attempt = ?, output = ?, error = ?, memory = ?, due = ?, attempted_at = ?, ended_at = ?, ended_seq = ?
  where path = ? and run = ?`;

/** Paths of what is below a place begin with it and a slash; the character after the slash is a zero. */
export const FORGET_PLACE = `delete from places where run = ? and path = ?`;

export const FORGET_BELOW = `delete from places where run = ? and path >= ? || '/' and path < ? || '0'`;

export const FORGET_ATTEMPTS = `delete from attempts where run = ? and path = ?`;

export const FORGET_ATTEMPTS_BELOW = `delete from attempts where run = ? and path >= ? || '/' and path < ? || '0'`;

export const INSERT_ATTEMPT = `
  insert into attempts (run, path, attempt, error, started_at, ended_at) values (?, ?, ?, ?, ?, ?)`;

export const INSERT_HISTORY = `
  insert into histories (run, last, first, at, events) values (?, ?, ?, ?, ?)`;

/** More events in a row, if it is still as it was when they were put together. */
export const EXTEND_HISTORY = `update histories set last = ?, events = ? where number = ? and run = ? and last = ?`;

export const UPSERT_SIGNAL = `
  insert into signals (run, id, name, payload, sent_at, answer, taken_by)
  values (?, ?, ?, ?, ?, ?, ?)
  on conflict (run, id) do update set taken_by = excluded.taken_by`;

export const SELECT_SIGNAL = `select * from signals where run = ? and id = ?`;

export const SELECT_KEPT_SIGNALS = `select * from signals indexed by signals_kept where run = ? and taken_by is null order by number`;

export const INSERT_DEFINITION = `
  insert into definitions (orchestrator, version, hash, lines) values (?, ?, ?, ?) on conflict do nothing`;

export const SELECT_DEFINITION = `
  select * from definitions where orchestrator = ? and version = ? and hash = ?`;

export const SELECT_RUN = `select * from runs where run = ?`;

export const SELECT_RUN_BY_KEY = `select * from runs where orchestrator = ? and key = ?`;

/** The rows of a run follow each other: the one that begins last ends last. */
export const SELECT_SEQ = `
  select coalesce((select last from histories where run = ? order by first desc limit 1), 0) as seq`;

export const SELECT_OPEN_PLACES = `
  select * from places indexed by places_open where run = ? and ended_at is null order by number`;

export const SELECT_FAILURES = `
  select path, state, error from places indexed by places_failed
  where run = (select number from runs where run = ?)
    and (state = 'failed' or state = 'timedOut' or state = 'compensationFailed')
  order by number`;

/** What has completed in a run, the last first. */
export const SELECT_ORDER_OF_ENDS = `
  select number, run, ended_seq from places where run = (select number from runs where run = ?) and state = 'completed'
  order by ended_seq desc, number desc`;

/** One of these, if it is still as it was then. */
export const SELECT_COMPLETED = `select * from places where number = ? and run = ? and ended_seq = ? and state = 'completed'`;

export const SELECT_PLACES = `select * from places where run = (select number from runs where run = ?) order by number`;

export const SELECT_ATTEMPTS = `select * from attempts where run = ? order by path, attempt`;

/** From the row on that has the first of the events. A row has an event at the least, so a limit of events is limit enough for rows. */
export const SELECT_HISTORIES = `
  with wanted (number, after) as (select number, ? from runs where run = ?)
  select histories.* from wanted join histories on histories.run = wanted.number
  where first >= coalesce((
      select max(first) from histories where run = (select number from wanted) and first <= (select after from wanted) + 1
    ), 0)
    and last > after
  order by first limit ?`;

/** Whoever owned a run of this file is gone: the lock says so. Nobody has to let go of anything at the end, when a disk may be full. */
export const RELEASE_ALL = `update runs set owner = null where ended_at is null and owner is not null`;

export const NEXT_EPOCH = `update epochs set epoch = epoch + 1`;

export const SELECT_EPOCH = `select epoch from epochs`;

/**
 * Changes a row if the epoch is another one, or is gone, and nothing otherwise: to be told a number costs a commit more than to be told
 * of a change. What it changes is rolled back.
 */
export const TOUCH_OTHER_EPOCH = `
  insert or replace into epochs (one, epoch) select 1, 0 where not exists (select 1 from epochs where epoch = ?)`;

export const SELECT_UNOWNED = `
  select run from runs where ended_at is null and owner is null order by started_at, number limit ?`;

export const CLAIM_RUN = `update runs set owner = ?, fence = fence + 1 where run = ?`;

export const SELECT_NUMBER = `select number from runs where run = ?`;

export const SELECT_UNFINISHED = `
  select number, coalesce((select last from histories where histories.run = runs.number order by first desc limit 1), 0) as seq
  from runs where run = ? and ended_at is null`;

/** Ends a run and what is open in it (S18). What its owner still commits names an old fence. */
export const ABANDON_RUN = `
  update runs set status = 'cancelled', output = 'null', error = null, reason = ?, ended_at = ?, owner = null, fence = fence + 1
  where number = ?`;

export const ABANDON_PLACES = `
  update places indexed by places_open set state = 'cancelled', due = null, ended_at = ?, ended_seq = ? where run = ? and ended_at is null`;

export const SELECT_OLD_RUNS = `
  select run, number from runs where ended_at is not null and ended_at < ? order by ended_at limit ?`;

export const SELECT_ENDED_RUN = `select run, number from runs where run = ? and ended_at is not null`;

/** All that belongs to a run, by its number in the tables that have it, and by its id in the others. */
export const DELETE_BY_NUMBER: readonly string[] = [
  `delete from histories where run = ?`,
  `delete from places where run = ?`,
  `delete from run_metadata where run = ?`,
  `delete from record_keys where run = ?`,
  `delete from records where run = ?`,
];

export const DELETE_BY_RUN: readonly string[] = [
  `delete from attempts where run = ?`,
  `delete from signals where run = ?`,
  `delete from runs where run = ?`,
];
