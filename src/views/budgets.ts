/**
 * Budgets as they are listed (S38): what is left of each, by key. It is counted from the records of what was spent, so every process
 * that shares a store says the same of a budget that it knows; which budgets there are, the definitions of the box say.
 */
import {
  AWAITED,
  type Awaited,
  accountOf,
  budgetsOf,
  familyOf,
  INDEXES,
  inStretch,
  type NamedBudget,
  SPENT,
  stretchesAt,
  stretchOf,
} from '../budgets.ts';
import { ask, askOptions } from '../checks.ts';
import type { Plan, PlanNode } from '../definition.ts';
import type { RecordPage, RecordRow, Store } from '../store.ts';

/** Which budgets to list, and where a page begins. */
export interface BudgetsQuery {
  /** Those of this task. */
  readonly task?: string;
  /** Those with this `name`. */
  readonly budget?: string;
  /** This key of the budgets that have keys, whether or not it has spent anything; `1` is the same key as `'1'`. */
  readonly key?: string | number | boolean;
  /** How many at the most; 50 if nothing is said. A page may be shorter, and not be the last one. */
  readonly limit?: number;
  /** What the page before answered with. */
  readonly cursor?: string;
}

/** What is left of a budget of a task, of one key if it has keys. */
export interface BudgetState {
  readonly task: string;
  /** The `name` under which tasks share it; null for a task's own. */
  readonly budget: string | null;
  /** Null for a budget without keys. */
  readonly key: string | null;
  readonly limit: number;
  /** Milliseconds. */
  readonly per: number;
  /** What counts now, by all tasks that share it, also of attempts that are under way. */
  readonly spent: number;
  /** What this task may still spend now; never below 0. */
  readonly left: number;
  /** What counts no more next, and when; null if nothing is spent. */
  readonly next: { readonly at: number; readonly amount: number } | null;
  /** When nothing of it counts any more, unless more is spent until then; null if nothing is spent. */
  readonly fullAt: number | null;
  /** How many steps it has refused that try again once there is room, in all processes. A hundred stands for a hundred or more. */
  readonly waiting: number;
}

/** Budgets in the order of their tasks, and keys in the order in which they first spent. The cursor is null on the last page. */
export interface BudgetsPage {
  readonly budgets: readonly BudgetState[];
  readonly cursor: string | null;
}

export interface BudgetReader {
  readonly store: Store;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly now: () => number;
}

/** A budget, and a run that has spent of it: what is secret in that run may be in its key. */
export interface ListedBudget extends BudgetState {
  readonly run: string | null;
}

interface Source extends NamedBudget {
  readonly task: string;
}

const MOST = 1_000;
/** So many records are looked through for the keys of one page. */
const LOOKED_THROUGH = 2_000;
/** Records of one budget are read in pages as long as this. */
const PAGE = 500;
/** So many steps that wait are counted, among twice as many records. */
const MOST_WAITING = 100;

/** One page of budgets. */
export async function listBudgets(
  reader: BudgetReader,
  query: BudgetsQuery,
): Promise<{ readonly budgets: readonly ListedBudget[]; readonly cursor: string | null }> {
  const { limit = 50, cursor } = checked(query);
  const key = query.key === undefined ? undefined : String(query.key);
  const sources = sourcesIn(reader.plans.values(), query);
  const budgets: ListedBudget[] = [];
  let [at, from] = placeIn(cursor);
  let looked = 0;
  for (; at < sources.length && budgets.length < limit && looked < LOOKED_THROUGH; at += 1, from = null) {
    const source = sources[at] as Source;
    if (source.definition.key === undefined || key !== undefined) {
      budgets.push(await stateOf(reader, source, key ?? null));
      looked += 1;
      continue;
    }
    const walked = await keysIn(reader, source, from, limit - budgets.length, LOOKED_THROUGH - looked);
    budgets.push(...walked.budgets);
    looked += walked.looked;
    if (walked.next !== null) return { budgets, cursor: `${at}.${walked.next.stretch}.${walked.next.after}` };
  }
  return { budgets, cursor: at < sources.length ? `${at}..` : null };
}

/** Where the records of all keys are read on: behind a cursor of the store, or at the beginning of a stretch. */
interface From {
  readonly stretch: number;
  readonly after: string;
}

interface Walked {
  readonly budgets: readonly ListedBudget[];
  readonly looked: number;
  /** Null once there are no more. */
  readonly next: From | null;
}

/** The keys that have spent something, each where its first record is: so no page has to know those before it. */
async function keysIn(
  reader: BudgetReader,
  source: Source,
  from: From | null,
  limit: number,
  mostLooked: number,
): Promise<Walked> {
  const { store, now } = reader;
  const stretches = stretchesAt(now(), source.definition.per);
  const budgets: ListedBudget[] = [];
  const seen = new Set<string>();
  let looked = 0;
  for (const [index, stretch] of stretches.entries()) {
    if (from !== null && stretch < from.stretch) continue;
    let after = from?.stretch === stretch && from.after !== '' ? from.after : undefined;
    for (;;) {
      if (budgets.length === limit || looked >= mostLooked)
        return { budgets, looked, next: { stretch, after: after ?? '' } };
      const size = Math.min(PAGE, limit - budgets.length);
      const page = await readAt(store, SPENT, INDEXES.family, familyOf(source), stretch, size, after);
      looked += Math.max(1, page.records.length);
      for (const record of page.records) {
        const { key } = record.body as { readonly key: string };
        if (seen.has(key)) continue;
        seen.add(key);
        if (!(await isFirst(store, accountOf(source, key), record, stretches.slice(0, index), stretch))) continue;
        const state = await stateOf(reader, source, key);
        if (state.spent > 0 || state.waiting > 0) budgets.push(state);
      }
      if (page.cursor === null) break;
      after = page.cursor;
    }
  }
  return { budgets, looked, next: null };
}

async function isFirst(
  store: Store,
  account: string,
  { run, id }: RecordRow,
  earlier: readonly number[],
  stretch: number,
): Promise<boolean> {
  for (const before of earlier)
    if ((await readAt(store, SPENT, INDEXES.account, account, before, 1)).records.length > 0) return false;
  const [first] = (await readAt(store, SPENT, INDEXES.account, account, stretch, 1)).records;
  return first?.run === run && first.id === id;
}

async function stateOf(reader: BudgetReader, source: Source, key: string | null): Promise<ListedBudget> {
  const { store } = reader;
  const { definition, task } = source;
  const { limit, per, name: budget = null } = definition;
  const account = accountOf(source, key);
  const now = reader.now();
  let [sum, last, run]: [number, number, string | null] = [0, 0, null];
  let next: BudgetState['next'] = null;
  for (const stretch of stretchesAt(now, per))
    for await (const { run: by, body } of recordsAt(store, SPENT, INDEXES.account, account, stretch)) {
      run ??= by;
      const { at, cost } = body as { readonly at: number; readonly cost: number };
      const ends = at + per;
      if (ends <= now) continue;
      sum += cost;
      last = Math.max(last, ends);
      if (next === null || ends < next.at) next = { at: ends, amount: cost };
      else if (ends === next.at) next = { at: ends, amount: next.amount + cost };
    }
  const spent = rounded(sum);
  return {
    ...{ task, budget, key, limit, per, spent },
    left: Math.max(0, rounded(limit - spent)),
    next: next === null ? null : { at: next.at, amount: rounded(next.amount) },
    fullAt: next === null ? null : last,
    waiting: await waitingFor(store, account, per, now),
    run,
  };
}

/** Ten times 0.1 is one, whatever a computer adds up. */
function rounded(sum: number): number {
  return Number(sum.toPrecision(12));
}

/** A record of a wait stays when its step does something else: whether it still waits, its row says. */
async function waitingFor(store: Store, account: string, per: number, now: number): Promise<number> {
  const here = stretchOf(now, per);
  const due = new Map<string, ReadonlyMap<string, number>>();
  let [waiting, looked] = [0, 0];
  for (const stretch of [here, here + 1])
    for await (const { run, body } of recordsAt(store, AWAITED, INDEXES.awaited, account, stretch)) {
      if (waiting === MOST_WAITING || looked === 2 * MOST_WAITING) return waiting;
      const { path, attempt, until } = body as unknown as Awaited;
      if (until <= now) continue;
      looked += 1;
      let open = due.get(run);
      if (open === undefined) {
        const rows = (await store.readOpen(run))?.open ?? [];
        open = new Map(rows.flatMap((row) => (row.due === null ? [] : [[row.path, row.attempt]])));
        due.set(run, open);
      }
      if (open.get(path) === attempt) waiting += 1;
    }
  return waiting;
}

async function* recordsAt(
  store: Store,
  type: string,
  name: string,
  hash: string,
  stretch: number,
): AsyncGenerator<RecordRow, void, undefined> {
  for (let after: string | null | undefined; after !== null; ) {
    const page: RecordPage = await readAt(store, type, name, hash, stretch, PAGE, after);
    yield* page.records;
    after = page.cursor;
  }
}

async function readAt(
  store: Store,
  type: string,
  name: string,
  hash: string,
  stretch: number,
  limit: number,
  after?: string,
): Promise<RecordPage> {
  const key = { name, value: inStretch(hash, stretch) };
  return store.readRecords({ type, key, limit, ...(after === undefined ? {} : { after }) });
}

/** Two versions of a task that say the same have one budget. */
function sourcesIn(plans: Iterable<Plan>, { task, budget, key }: BudgetsQuery): readonly Source[] {
  const sources = new Map<string, Source>();
  for (const plan of plans)
    for (const source of sourcesOf(plan)) {
      const { definition, of, nth } = source;
      if (task !== undefined && source.task !== task) continue;
      if (budget !== undefined && definition.name !== budget) continue;
      if (key !== undefined && definition.key === undefined) continue;
      const name = JSON.stringify([source.task, of, nth, definition.limit]);
      if (!sources.has(name)) sources.set(name, source);
    }
  return [...sources.values()];
}

/** A plan is walked once. */
const known = new WeakMap<Plan, readonly Source[]>();

function sourcesOf(plan: Plan): readonly Source[] {
  const there = known.get(plan);
  if (there !== undefined) return there;
  const sources: Source[] = [];
  const seen = new Set<PlanNode>();
  const stack: PlanNode[] = [plan.root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    const { task } = node;
    if (task !== null) for (const budget of budgetsOf(task)) sources.push({ ...budget, task: task.name });
    for (const child of node.children.toReversed()) stack.push(child.node);
  }
  known.set(plan, sources);
  return sources;
}

const KEYS = ['task', 'budget', 'key', 'limit', 'cursor'];
const CURSOR = /^(\d{1,7})\.(-?\d{0,15})\.(.*)$/s;

function checked(query: BudgetsQuery): BudgetsQuery {
  askOptions('budgets', query, KEYS);
  const { task, budget, key, limit, cursor } = query;
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  ask('task', task, 'the name of a task, a string', isText);
  ask('budget', budget, 'the name of a budget, a string', isText);
  ask('key', key, 'a key, which is a text, a number or a boolean', (value) =>
    ['string', 'number', 'boolean'].includes(typeof value),
  );
  ask('limit', limit, `a whole number from 1 to ${MOST}`, (value) => {
    return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST;
  });
  ask(
    'cursor',
    cursor,
    'the cursor that the page before gave',
    (value) => typeof value === 'string' && CURSOR.test(value),
  );
  return query;
}

function placeIn(cursor: string | undefined): [number, From | null] {
  const [, at = '0', stretch = '', after = ''] = CURSOR.exec(cursor ?? '') ?? [];
  return [Number(at), stretch === '' ? null : { stretch: Number(stretch), after }];
}
