/**
 * The statement of a commit: everything or nothing, in one round trip. It is put together of the parts that a batch has rows for,
 * because a part without rows still takes its time, and most commits have three of them.
 *
 * First comes `hold()`, which has the runs of this process to itself or throws; then runs that begin; then whatever else. A commit
 * writes to nothing that another process may write to, but for the ids and keys of runs that begin: these are taken in one order.
 *
 * In a part, the numbers from $9 on are its own columns, and `{run}` is the number of the run in the row `change`: of one
 * that begins in this commit and has no number yet it is minus its place among those.
 */
import type { ColumnType } from './arrays.ts';

interface Part {
  readonly columns: readonly ColumnType[];
  readonly text: string;
}

const OWN = 9;

const HOLD = `hold($1::text, $2::bigint[], $3::integer[], $4::bigint[], $5::integer[], $6::integer[])`;

/** Where a place stands among all of its run: after those of the commits before, and in the order of this one. A million fit in one commit. */
const ORDINAL = `(select turn from turn) * 1048576 + change.at`;

const TURN = `turn as materialized (select nextval('turns') as turn)`;

/**
 * The parts, in the order in which they are to happen. Where rows are looked up it says `= any (array[…])`, which goes by the index
 * and cannot be merged by: after a `vacuum` of a table that was empty at that moment, the planner takes it for empty for as long as
 * the plan is kept, and would walk through all of it and compare each row with each change.
 */
export const PARTS = {
  newRuns: {
    columns: [
      ...(['text', 'text', 'text', 'text', 'text', 'text'] as const),
      ...(['json', 'json', 'json', 'text', 'json', 'int', 'float', 'float', 'text', 'text'] as const),
    ],
    text: `newRuns as (
      insert into runs (run, key, orchestrator, version, hash, status, input, output, error, reason, metadata, fence, started_at, ended_at, parent_run, parent_path)
      select * from unnest($9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
        $15::json[], $16::json[], $17::json[], $18::text[], $19::json[], $20::integer[], $21::float8[], $22::float8[], $23::text[], $24::text[])
      returning number
    ), made as materialized (
      select array_agg(number order by number) as numbers from newRuns
    )`,
  },
  metadata: {
    columns: ['long', 'text'],
    text: `labelled as (
      insert into run_metadata (run, entry) select {run}, entry from unnest($9::bigint[], $10::text[]) as change (run, entry)
    )`,
  },
  begun: {
    columns: ['long', 'int', 'float'],
    text: `begun as (
      insert into leases (number, owner, fence, started_at)
      select {run}, $1::text, fence, started_at
      from unnest($9::bigint[], $10::integer[], $11::float8[]) as change (run, fence, started_at)
    )`,
  },
  endedRuns: {
    columns: ['long'],
    text: `endedRuns as (
      delete from leases using unnest($9::bigint[]) as change (run) where leases.number = any (array[change.run])
    )`,
  },
  changedRuns: {
    columns: ['long', 'text', 'json', 'json', 'text', 'int', 'float'],
    text: `changedRuns as (
      update runs set status = change.status, output = change.output, error = change.error, reason = change.reason,
        fence = change.fence, ended_at = change.ended_at
      from unnest($9::bigint[], $10::text[], $11::json[], $12::json[], $13::text[], $14::integer[], $15::float8[])
        as change (run, status, output, error, reason, fence, ended_at)
      where runs.number = any (array[change.run])
    )`,
  },
  /** Places that are forgotten, as ranges of paths: from the first on, up to the next and without it. */
  forgotten: {
    columns: ['long', 'text', 'text', 'text'],
    text: `forgotten as (
      delete from ended_places as ended using unnest($9::bigint[], $10::text[], $11::text[], $12::text[]) as change (run, id, first, next)
      where ended.run = any (array[change.run]) and ended.path >= change.first and ended.path < change.next
    ), forgotten_open as (
      delete from open_places as open using unnest($9::bigint[], $10::text[], $11::text[], $12::text[]) as change (run, id, first, next)
      where open.run = any (array[change.run]) and open.path >= change.first and open.path < change.next
    ), forgotten_attempts as (
      delete from attempts using unnest($9::bigint[], $10::text[], $11::text[], $12::text[]) as change (run, id, first, next)
      where attempts.run = any (array[change.id]) and attempts.path >= change.first and attempts.path < change.next
    )`,
  },
  /** Places that begin. Nothing is looked for: to insert or else to update takes half as long again. */
  open: {
    columns: [
      ...(['long', 'text', 'text', 'text', 'int', 'text', 'text', 'text', 'text'] as const),
      ...(['float', 'float', 'float', 'int'] as const),
    ],
    text: `opened as (
      insert into open_places (run, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ordinal)
      select {run}, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ${ORDINAL}
      from unnest($9::bigint[], $10::text[], $11::text[], $12::text[], $13::integer[], $14::text[], $15::text[], $16::text[],
        $17::text[], $18::float8[], $19::float8[], $20::float8[], $21::integer[])
        as change (run, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, at)
    )`,
  },
  /** Places that are open, and that may have ended before, as one that is to be undone: they have their old place among the others. */
  again: {
    columns: [
      ...(['long', 'text', 'text', 'text', 'int', 'text', 'text', 'text', 'text'] as const),
      ...(['float', 'float', 'float', 'int'] as const),
    ],
    text: `opened_again as (
      insert into open_places (run, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ordinal)
      select {run}, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at,
        coalesce((select ordinal from ended_places as ended where ended.run = change.run and ended.path = change.path), ${ORDINAL})
      from unnest($9::bigint[], $10::text[], $11::text[], $12::text[], $13::integer[], $14::text[], $15::text[], $16::text[],
        $17::text[], $18::float8[], $19::float8[], $20::float8[], $21::integer[])
        as change (run, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, at)
    ), gone as (
      delete from ended_places as ended using unnest($9::bigint[], $10::text[]) as change (run, path)
      where ended.run = any (array[change.run]) and ended.path = change.path
    )`,
  },
  /** Places that are open and stay so. What never changes is not set again. */
  changed: {
    columns: ['long', 'text', 'text', 'int', 'text', 'text', 'text', 'float', 'float'],
    text: `changed as (
      update open_places as open set state = change.state, attempt = change.attempt, output = change.output, error = change.error,
        memory = change.memory, due = change.due, attempted_at = change.attempted_at
      from unnest($9::bigint[], $10::text[], $11::text[], $12::integer[], $13::text[], $14::text[], $15::text[], $16::float8[], $17::float8[])
        as change (run, path, state, attempt, output, error, memory, due, attempted_at)
      where open.run = any (array[change.run]) and open.path = change.path
      returning 1
    )`,
  },
  /** Places that are open and end: what never changes is there already. */
  ended: {
    columns: ['long', 'text', 'text', 'int', 'text', 'text', 'text', 'float', 'float', 'float', 'int'],
    text: `closed as (
      delete from open_places as open
      using unnest($9::bigint[], $10::text[], $11::text[], $12::integer[], $13::text[], $14::text[], $15::text[],
        $16::float8[], $17::float8[], $18::float8[], $19::integer[])
        as change (run, path, state, attempt, output, error, memory, due, attempted_at, ended_at, ended_seq)
      where open.run = any (array[change.run]) and open.path = change.path
      returning open.run, open.path, open.kind, change.state, change.attempt, open.input, change.output, change.error,
        change.memory, change.due, change.attempted_at, open.started_at, change.ended_at, open.ordinal, change.ended_seq
    ), ended as (
      insert into ended_places (run, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ended_at, ordinal, ended_seq)
      select * from closed
    )`,
  },
  /** Places that have ended and were never open, or have ended once before. */
  endedWhole: {
    columns: [
      ...(['long', 'text', 'text', 'text', 'int', 'text', 'text', 'text', 'text'] as const),
      ...(['float', 'float', 'float', 'float', 'int', 'int'] as const),
    ],
    text: `placed as (
      insert into ended_places (run, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ended_at, ended_seq, ordinal)
      select {run}, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ended_at, ended_seq, ${ORDINAL}
      from unnest($9::bigint[], $10::text[], $11::text[], $12::text[], $13::integer[], $14::text[], $15::text[], $16::text[],
        $17::text[], $18::float8[], $19::float8[], $20::float8[], $21::float8[], $22::integer[], $23::integer[])
        as change (run, path, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ended_at, ended_seq, at)
      on conflict (run, path) do update set
        state = excluded.state, attempt = excluded.attempt, output = excluded.output, error = excluded.error, memory = excluded.memory,
        due = excluded.due, attempted_at = excluded.attempted_at, ended_at = excluded.ended_at, ended_seq = excluded.ended_seq
    )`,
  },
  attempts: {
    columns: ['text', 'text', 'int', 'json', 'float', 'float'],
    text: `attempted as (
      insert into attempts (run, path, attempt, error, started_at, ended_at)
      select * from unnest($9::text[], $10::text[], $11::integer[], $12::json[], $13::float8[], $14::float8[])
    )`,
  },
  signals: {
    columns: ['text', 'text', 'text', 'json', 'float', 'text', 'text'],
    text: `signalled as (
      insert into signals (run, id, name, payload, sent_at, answer, taken_by)
      select * from unnest($9::text[], $10::text[], $11::text[], $12::json[], $13::float8[], $14::text[], $15::text[])
      on conflict (run, id) do update set taken_by = excluded.taken_by
    )`,
  },
  histories: {
    columns: ['long', 'int', 'int', 'float', 'text'],
    text: `told as (
      insert into histories (run, first, last, at, events)
      select {run}, first, last, at, events
      from unnest($9::bigint[], $10::integer[], $11::integer[], $12::float8[], $13::text[]) as change (run, first, last, at, events)
    )`,
  },
  /** Records that are written, and before them those that are deleted, which have no version. */
  records: {
    columns: ['long', 'text', 'text', 'long', 'json', 'json', 'json'],
    text: `recorded as materialized (
      select sum(write_record({run}, type, id, version, body, keys, entries)) as done
      from unnest($9::bigint[], $10::text[], $11::text[], $12::bigint[], $13::json[], $14::json[], $15::json[])
        as change (run, type, id, version, body, keys, entries)
    )`,
  },
} as const satisfies Record<string, Part>;

/** A part of a commit. */
export type PartName = keyof typeof PARTS;

/** Every part, in its order. */
export const PART_NAMES = Object.keys(PARTS) as readonly PartName[];

/** Parts with places that have none yet among the others. */
const ORDERED: readonly PartName[] = ['open', 'again', 'endedWhole'];

const composed = new Map<string, string>();

/** The statement of a commit that has rows for these parts, which are in their order. */
export function commitOf(parts: readonly PartName[]): string {
  const name = parts.join();
  let text = composed.get(name);
  if (text === undefined) {
    text = compose(parts);
    composed.set(name, text);
  }
  return text;
}

function compose(parts: readonly PartName[]): string {
  const has = (name: PartName): boolean => parts.includes(name);
  const run = has('newRuns')
    ? 'case when change.run < 0 then (select numbers from made)[-change.run] else change.run end'
    : 'change.run';
  const turn = parts.some((name) => ORDERED.includes(name)) ? [TURN] : [];
  let before = 0;
  const texts = parts.map((name) => {
    const { columns, text } = PARTS[name];
    const shifted = text
      .replace(/\$(\d+)/g, (own, number) => (Number(number) < OWN ? own : `$${Number(number) + before}`))
      .replaceAll('{run}', run);
    before += columns.length;
    return shifted;
  });
  const there = [
    ...(has('changed') ? ['(select count(*) from changed)'] : []),
    ...(has('ended') ? ['(select count(*) from closed)'] : []),
    ...(has('records') ? ['(select done from recorded)'] : []),
  ];
  // What is asked for happens in this order, and before what is only there.
  return `${texts.length === 0 ? '' : `with ${[...turn, ...texts].join(', ')}`}
    select ${HOLD} as held, ${has('newRuns') ? '(select numbers from made)' : 'null'}::text as numbers,
      case when ${[...there, '0'].join(' + ')} = $7::integer then 0 else refuse() end as refused,
      exists (select from processes where name <> $1::text and seen + lease > $8::float8) as others`;
}
