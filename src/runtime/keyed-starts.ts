/**
 * Starts of which a key has one at a time (S30): a *singleton*, of which one run is live, and a *debounced* start, which begins once
 * nobody has asked for it for a while, with what was asked for last. They hold across processes and crashes: a run under a key has a
 * record, found by that key, and the idempotency key of the next one follows from the last one that the store has. So two who start it
 * at once start one run, whatever either remembers; and as ids are new each time, no run has one that a deleted run had before.
 */
import { ask, askOptions, isObject } from '../checks.ts';
import { KEYED } from '../core/record-types.ts';
import type { Plan } from '../definition.ts';
import { InvalidOption, RunLive } from '../errors/index.ts';
import { type Ids, randomIds } from '../ids.ts';
import { type JsonObject, toJson } from '../json.ts';
import { sha256 } from '../sha256.ts';
import { isTerminal } from '../status.ts';
import type { RecordRow, Store } from '../store.ts';
import { CALL, collectorName, type KeyedOptions, type WhenLive } from './collector.ts';
import { send } from './ownership/requests.ts';
import { Tail } from './reading/tail.ts';
import { Run, type RunContext } from './run.ts';
import type { Tracer } from './tracing.ts';
import { checkId, type Starts } from './starts.ts';

/** What a start takes beside its input. */
export const START_KEYS: readonly string[] = ['id', 'key', 'metadata', 'singleton', 'debounce'];
const KEYS: readonly string[] = ['input', ...START_KEYS];
const WHEN_LIVE: readonly unknown[] = ['join', 'refuse', 'cancelOther'];

interface Asked extends KeyedOptions {
  readonly input: unknown;
  readonly id?: string;
  readonly key?: string;
  readonly metadata?: JsonObject;
}

interface KeyedContext extends RunContext {
  readonly starts: Starts;
}

interface StartContext extends KeyedContext {
  /** Makes the id of a run that is given none. */
  readonly ids: Ids | undefined;
  readonly tracer: Tracer | null;
}

/** Starts a run as it is asked for. Answers with the id of the run that it comes to. */
export async function startAny(context: StartContext, plan: Plan, options: Asked): Promise<string> {
  if (!isObject(options))
    throw new InvalidOption({ option: 'start', value: options, expected: 'an object with the input' });
  askOptions('start', options, KEYS);
  const { singleton, debounce, metadata: given = {} } = options;
  const start = (metadata: JsonObject): Promise<string> => {
    if (singleton !== undefined || debounce !== undefined) return startKeyed(context, plan, { ...options, metadata });
    const { input, id, key } = options;
    // Ids of one's own making are taken as they are given: they may come twice.
    const wish = { input, id: id === undefined ? context.ids?.() : id, key, metadata, parent: null };
    return context.starts.start(plan, wish);
  };
  return context.tracer?.start(plan.name, given, start) ?? start(given);
}

function startKeyed(context: KeyedContext, plan: Plan, options: Asked): Promise<string> {
  const { singleton, debounce, id, key } = options;
  for (const [option, value] of Object.entries({ id, key }))
    if (value !== undefined)
      throw new InvalidOption({ option, value, expected: 'left out beside "singleton" and "debounce"' });
  if (singleton === undefined) return debounced(context, plan, options);
  ask('debounce', debounce, 'left out beside "singleton"', () => false);
  return single(context, plan, options);
}

async function single(context: KeyedContext, plan: Plan, { singleton, input, metadata = {} }: Asked): Promise<string> {
  const { key, whenLive = 'join' } = isObject(singleton)
    ? (singleton as { readonly key: string; readonly whenLive?: WhenLive })
    : { key: singleton as string };
  if (isObject(singleton)) askOptions('singleton', singleton as object, ['key', 'whenLive']);
  checkId('singleton', key);
  ask('whenLive', whenLive, `'join', 'refuse' or 'cancelOther'`, (value) => WHEN_LIVE.includes(value));
  return inTurn(context.store, `singleton\n${plan.name}\n${key}`, async (line) => {
    for (let last = await line.last(); ; ) {
      if (last !== null && (await isLive(context.store, last))) {
        if (whenLive === 'join') return last;
        if (whenLive === 'refuse') throw new RunLive({ run: last, orchestrator: plan.name, key });
        const other = new Run(last, context);
        await other.cancel({ reason: `another run of singleton "${key}" is to start` });
        await other.outcome();
      }
      const begun = await begin(context, plan, { input, metadata }, key, last, line);
      if (begun.isOurs) return begun.run;
      last = begun.run;
    }
  });
}

async function debounced(
  context: KeyedContext,
  plan: Plan,
  { debounce, input, metadata = {} }: Asked,
): Promise<string> {
  const { store, command, starts, maxValueBytes, plans } = context;
  checkId('debounce', debounce);
  const collecting = [...plans.values()].find(
    ({ name, version }) => name === collectorName(plan.name) && version === plan.version,
  );
  if (collecting === undefined)
    throw new InvalidOption({
      option: 'debounce',
      value: debounce,
      expected: `left out: orchestrator "${plan.name}" does not say with "debounce" how long to wait`,
    });
  await starts.checkInput(plan, input);
  const call = { input: toJson(input, `input of orchestrator "${plan.name}"`, maxValueBytes) };
  const key = debounce as string;
  return inTurn(store, `debounce\n${plan.name}\n${key}`, async (line) => {
    for (let last = await line.last(); ; ) {
      if (last !== null && (await isLive(store, last))) {
        const signal = {
          type: 'signal',
          id: randomIds(),
          name: CALL,
          payload: call,
          answer: null,
          known: false,
        } as const;
        // What it keeps it takes: between two calls, or when it is resumed.
        const { answer } = await send(store, command, last, signal);
        if (answer === 'accepted' || answer === 'buffered') return last;
      }
      const begun = await begin(context, collecting, { input: call, metadata }, key, last, line);
      if (begun.isOurs) return begun.run;
      last = begun.run;
    }
  });
}

async function isLive(store: Store, run: string): Promise<boolean> {
  const row = await store.readRun(run);
  return row !== null && !isTerminal(row.status);
}

const LONGEST_KEY = 150;

/** Begins the run that follows the last one of its key. Answers with the one that somebody else has begun there, if one has. */
async function begin(
  { starts, store }: KeyedContext,
  plan: Plan,
  wish: { readonly input: unknown; readonly metadata: JsonObject },
  key: string,
  last: string | null,
  line: KeyLine,
): Promise<{ readonly run: string; readonly isOurs: true } | { readonly run: string | null; readonly isOurs: false }> {
  const name = key.slice(0, LONGEST_KEY);
  const run = `${name}~${randomIds()}`;
  // Everybody who knows the last run of a key comes to the same one, which a store has once.
  const next = `${name}~${sha256(`${plan.name}\n${key}\n${last ?? ''}`).slice(0, 24)}`;
  // Hooks take their time: if the last run was deleted meanwhile, others follow the one before it.
  const isNext = async (): Promise<boolean> => last === null || (await store.readRun(last)) !== null;
  const begun = await starts.first(plan, { ...wish, id: run, key: next }, [line.record()], isNext);
  return begun === run ? { run, isOurs: true } : { run: begun ?? (await line.last()), isOurs: false };
}

/** The runs of a key, in the order in which they began. */
class KeyLine {
  readonly #tail: Tail;
  readonly #keys: { readonly key: string };

  constructor(store: Store, name: string) {
    // Keys of records are short.
    this.#keys = { key: sha256(name).slice(0, 32) };
    this.#tail = new Tail(store, { type: KEYED, key: { name: 'key', value: this.#keys.key }, limit: PAGE });
  }

  /** A process that has seen runs which were deleted says the same as one that has not. */
  async last(): Promise<string | null> {
    return (await this.#tail.last())?.run ?? null;
  }

  record(): Omit<RecordRow, 'run'> {
    return { type: KEYED, id: KEYED, version: 1, body: null, keys: this.#keys };
  }
}

const PAGE = 100;
/** How many keys a process remembers. One that it has forgotten costs a look at all of its runs. */
const MOST = 10_000;

interface Line {
  readonly line: KeyLine;
  /** What is under way for the key in this process. */
  busy: Promise<unknown>;
}

const lines = new WeakMap<Store, Map<string, Line>>();

/** One start of a key after the other, in this process. */
async function inTurn<T>(store: Store, name: string, start: (line: KeyLine) => Promise<T>): Promise<T> {
  const known = lines.get(store) ?? new Map<string, Line>();
  lines.set(store, known);
  const entry = known.get(name) ?? { line: new KeyLine(store, name), busy: Promise.resolve() };
  known.delete(name);
  known.set(name, entry);
  for (const oldest of known.keys()) {
    if (known.size <= MOST) break;
    known.delete(oldest);
  }
  const begun = entry.busy.then(() => start(entry.line));
  entry.busy = begun.catch(() => {});
  return begun;
}
