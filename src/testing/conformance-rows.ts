/** Rows for the cases of `conformance.ts` to write, and what is asked about those that are read. */
import assert from 'node:assert/strict';
import type { CommitConflict, LeaseLost } from '../errors/index.ts';
import { isTerminal, type RunEvent } from '../events.ts';
import type { Json } from '../json.ts';
import type { ActorRow, AttemptRow, Awaitable, RunChange, RunQuery, RunRow, SignalRow, Store } from '../store.ts';

/** How long an owner is taken to live without a sign of it. */
export const LEASE = 10_000;
const MEBIBYTE = 1024 * 1024;

export const row = (run: string, more: Partial<RunRow> = {}): RunRow => ({
  run,
  key: null,
  orchestrator: 'order',
  version: '1',
  hash: 'h',
  status: 'running',
  input: null,
  output: null,
  error: null,
  reason: null,
  metadata: {},
  startedAt: 1,
  endedAt: isTerminal(more.status ?? 'running') ? 2 : null,
  parent: null,
  ...more,
});

export const actor = (run: string, path: string, more: Partial<ActorRow> = {}): ActorRow => ({
  run,
  path,
  parent: path === '' ? null : path.slice(0, Math.max(0, path.lastIndexOf('/'))),
  kind: 'task',
  state: 'running',
  attempt: 1,
  input: null,
  output: null,
  error: null,
  memory: {},
  due: null,
  attemptedAt: 0,
  startedAt: 0,
  endedAt: isTerminal(more.state ?? 'running') ? 2 : null,
  endedSeq: isTerminal(more.state ?? 'running') ? 1 : null,
  ...more,
});

export const events = (run: string, after: number, count: number): RunEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    run,
    seq: after + index + 1,
    at: 1,
    path: 'pay',
    type: 'track.started',
  }));

export const attempt = (run: string, path: string, number: number, message = 'busy'): AttemptRow => ({
  run,
  path,
  attempt: number,
  error: { code: 'task-failed', name: 'Error', message },
  startedAt: number,
  endedAt: number + 1,
});

export const signal = (run: string, id: string, more: Partial<SignalRow> = {}): SignalRow => ({
  run,
  id,
  name: 'confirm',
  payload: null,
  sentAt: 3,
  answer: 'buffered',
  takenBy: null,
  ...more,
});

/** A change by one event and by what else is said, frozen as all that the host hands over. */
export const change = (run: string, after: number, more: Partial<RunChange> = {}): RunChange =>
  frozen({
    run,
    fence: 1,
    after,
    row: after === 0 ? row(run) : null,
    actors: [],
    attempts: [],
    events: events(run, after, 1),
    signals: [],
    ...more,
  });

export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}

// --- What is asked of a store -------------------------------------------------------------

/** A store may throw at once or reject: both are one. */
export async function refused(
  work: () => Awaitable<unknown>,
  kind: typeof CommitConflict | typeof LeaseLost,
  what = 'it',
): Promise<void> {
  await assert.rejects(
    async () => await work(),
    (error) => {
      assert.ok(error instanceof kind, `${what} threw ${String(error)} instead of ${kind.name}`);
      return true;
    },
    what,
  );
}

export async function seqs(store: Store, run: string, after = 0, limit = 1_000): Promise<number[]> {
  return (await store.readEvents(run, { after, limit })).map(({ seq }) => seq);
}

export const pathsOf = async (rows: Awaitable<readonly Pick<ActorRow, 'path'>[]>): Promise<string[]> =>
  (await rows).map(({ path }) => path);

/** Equal in every member. */
export function same<T>(found: T, expected: T): void {
  assert.deepEqual(found, expected);
}

/** The first place within `value` that could be changed. */
export function unfrozen(value: unknown, place: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  if (!Object.isFrozen(value)) return place;
  for (const [name, member] of Object.entries(value)) {
    const found = unfrozen(member, `${place}.${name}`);
    if (found !== null) return found;
  }
  return null;
}

/** All runs in pages of `limit`; `between` happens after each page. */
export async function pages(store: Store, query: RunQuery, between = async (): Promise<void> => {}): Promise<string[]> {
  const found: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await store.readRuns(cursor === undefined ? query : { ...query, cursor });
    assert.ok(page.runs.length <= query.limit, 'a page is longer than its limit');
    found.push(...page.runs.map(({ run }) => run));
    cursor = page.cursor;
    await between();
  }
  return found;
}

export const JSON_VALUES: Readonly<Record<string, Json>> = {
  null: null,
  texts: ['', ' ', "'; drop table runs; --", '"', '\\', '\n\r\t', '\u0000', '\u2028', 'ä€😀', '\ud800', '%_?', 'null'],
  numbers: [0, -1, 0.1, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 63, 1e21],
  odd: [true, false, [], {}, [[]], { '': '' }, { '😀': { '\u0000': 1 } }],
  // An object literal would set its prototype instead.
  proto: JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":null}') as Json,
  ordered: { b: 1, a: 2, 1: 3, 0: 4 },
  large: 'ä'.repeat(MEBIBYTE / 2),
};
