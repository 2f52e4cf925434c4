/**
 * The statement of a commit: everything or nothing, in one round trip. It is put together of the parts that a batch has rows for,
 * because a part without rows still takes its time, and most commits have three of them.
 *
 * First come the leases, in the order of their runs, and then whatever else: two commits that meet wait for each other in one
 * order. If fewer leases than expected are as this process knows them, `refuse()` throws and nothing has happened.
 *
 * In a part, $1 is the owner, $2 the time of the server, $3 how many leases there have to be, and the numbers from $4 on
 * are its own columns.
 */
import type { ColumnType } from './arrays.ts';

interface Part {
  readonly columns: readonly ColumnType[];
  readonly text: string;
}

const OWN = 4;

/**
 * The parts, in the order in which they are to happen. The owner of a lease is compared within a `case`, so that no plan looks
 * for leases by their owner, who may have a million.
 */
export const PARTS = {
  moved: {
    columns: ['text', 'int', 'int', 'int'],
    text: `
      update leases set seq = leases.seq + change.events
      from unnest($4::text[], $5::integer[], $6::integer[], $7::integer[]) as change (run, fence, after, events)
      where leases.run = change.run and leases.seq = change.after
        and case when leases.owner = $1::text then leases.fence end = change.fence
      returning 1`,
  },
  ended: {
    columns: ['text', 'int', 'int'],
    text: `
      delete from leases
      using unnest($4::text[], $5::integer[], $6::integer[]) as change (run, fence, after)
      where leases.run = change.run and leases.seq = change.after
        and case when leases.owner = $1::text then leases.fence end = change.fence
      returning 1`,
  },
  begun: {
    columns: ['text', 'int', 'int', 'float'],
    text: `
      insert into leases (run, owner, fence, seq, started_at)
      select run, $1::text, fence, seq, started_at
      from unnest($4::text[], $5::integer[], $6::integer[], $7::float8[]) as begun (run, fence, seq, started_at)
      returning 1`,
  },
  newRuns: {
    columns: [
      ...(['text', 'text', 'text', 'text', 'text', 'text'] as const),
      ...(['json', 'json', 'json', 'text', 'json', 'int', 'float', 'float'] as const),
    ],
    text: `
      insert into runs (run, key, orchestrator, version, hash, status, input, output, error, reason, metadata, fence, started_at, ended_at)
      select * from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::json[], $11::json[], $12::json[], $13::text[], $14::json[], $15::integer[], $16::float8[], $17::float8[])
      returning 1`,
  },
  changedRuns: {
    columns: ['text', 'text', 'json', 'json', 'text', 'int', 'float'],
    text: `
      update runs set status = change.status, output = change.output, error = change.error, reason = change.reason,
        fence = change.fence, ended_at = change.ended_at
      from unnest($4::text[], $5::text[], $6::json[], $7::json[], $8::text[], $9::integer[], $10::float8[])
        as change (run, status, output, error, reason, fence, ended_at)
      where runs.run = change.run
      returning 1`,
  },
  /** A place is written twice or three times in its life; only what can change is set again. */
  steps: {
    columns: [
      ...(['text', 'text', 'text', 'text', 'text', 'int'] as const),
      ...(['json', 'json', 'json', 'json', 'float', 'float', 'float', 'float'] as const),
    ],
    text: `
      insert into steps (run, path, parent, kind, state, attempt, input, output, error, memory, due, attempted_at, started_at, ended_at)
      select * from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::integer[],
        $10::json[], $11::json[], $12::json[], $13::json[], $14::float8[], $15::float8[], $16::float8[], $17::float8[])
      on conflict (run, path) do update set
        state = excluded.state, attempt = excluded.attempt, output = excluded.output, error = excluded.error,
        memory = excluded.memory, due = excluded.due, attempted_at = excluded.attempted_at, ended_at = excluded.ended_at`,
  },
  attempts: {
    columns: ['text', 'text', 'int', 'json', 'float', 'float'],
    text: `
      insert into attempts (run, path, attempt, error, started_at, ended_at)
      select * from unnest($4::text[], $5::text[], $6::integer[], $7::json[], $8::float8[], $9::float8[])`,
  },
  signals: {
    columns: ['text', 'text', 'text', 'json', 'float', 'text', 'text'],
    text: `
      insert into signals (run, id, name, payload, sent_at, answer, taken_by)
      select * from unnest($4::text[], $5::text[], $6::text[], $7::json[], $8::float8[], $9::text[], $10::text[])
      on conflict (run, id) do update set taken_by = excluded.taken_by`,
  },
  histories: {
    columns: ['text', 'int', 'json'],
    text: `
      insert into histories (run, seq, events) select * from unnest($4::text[], $5::integer[], $6::json[])`,
  },
  /** In the same transaction, and only if there are others: to tell takes a lock that the whole server shares. */
  news: {
    columns: ['text'],
    text: `
      select count(pg_notify(current_schema, told)) from unnest($4::text[]) as told
      where exists (select from processes where name <> $1::text and seen + lease > $2::float8)`,
  },
} as const satisfies Record<string, Part>;

/** A part of a commit. */
export type PartName = keyof typeof PARTS;

/** Every part, in its order. */
export const PART_NAMES = Object.keys(PARTS) as readonly PartName[];

const HELD: readonly PartName[] = ['moved', 'ended'];
const FIRST: readonly PartName[] = ['moved', 'ended', 'begun', 'newRuns'];

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
  let before = 0;
  const texts = parts.map((name) => {
    const { columns, text } = PARTS[name];
    const shifted = text.replace(/\$(\d+)/g, (own, number) =>
      Number(number) < OWN ? own : `$${Number(number) + before}`,
    );
    before += columns.length;
    return `${name} as (${shifted}\n)`;
  });
  const count = (name: PartName): string => `(select count(*) from ${name})`;
  const held = HELD.filter((name) => parts.includes(name)).map(count);
  // What is asked for happens before what is only there.
  const first = FIRST.filter((name) => parts.includes(name)).map(count);
  const told = parts.includes('news') ? `(select * from news)` : '0';
  return `with ${texts.join(', ')}
    select case when ${['0', ...held].join(' + ')} = $3::integer then 0 else refuse() end as refused,
      ${['0', ...first].join(' + ')} as first, ${told} as told, $1::text as owner, $2::float8 as at`;
}
