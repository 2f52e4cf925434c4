/**
 * What runs hold on to while they wait: many that wait for a retry, and one whose tasks
 * are all under way.
 *
 * The store hangs on a hook. When it is let go, what the heap loses is what only the
 * store held, and what stays is the box's own. Rows that both hold count as the box's.
 */
import { type AnyOrchestrator, createSignalbox, memory, type Signalbox, type Store, task } from 'signalbox';
import type { Count } from './load.ts';
import { heldBytes } from './measure.ts';
import { countTask, orchestratorFor, strict } from './shapes.ts';

export interface Held {
  /** All that there is on the heap, with the library and the definition. */
  readonly heap: number;
  /** What came on top since before the first run. */
  readonly grown: number;
  /** Of that, what only the store held. Null where there is no store. */
  readonly store: number | null;
  /** The store's rows and events as JSON. */
  readonly json: number | null;
  /** Runs that the box holds in memory. */
  readonly inMemory: number;
}

/** `runs` runs whose only task has failed once and is tried again in an hour. */
export async function waitingRuns(runs: number, idleRuns: number): Promise<Held> {
  const failing = task('increment', {
    input: strict,
    output: strict,
    retry: { maxAttempts: 2, delay: '1h' },
    run: async (): Promise<Count> => {
      throw new Error('the bank does not answer');
    },
  });
  const definition = orchestratorFor({ runs, tracks: 1, steps: 1 }, strict, failing as never);
  const { store, letGo } = hang(memory());
  const box = await createSignalbox({ orchestrators: [definition], store, idleRuns, logger: () => {} });
  const before = await heldBytes();
  const ids = await startAll(box, definition, runs);
  await until(() => box.counts.timers === runs && box.quiet);
  const heap = await heldBytes();
  const json = await jsonBytes(store, ids);
  const { inMemory } = box.counts;
  ids.length = 0;
  const full = await heldBytes();
  letGo();
  return { heap, grown: heap - before, store: full - (await heldBytes()), json, inMemory };
}

/** One run of `tasks` tracks of one step, every body begun and none at its end. */
export async function liveTasks(tasks: number): Promise<Held> {
  let begun = 0;
  const { promise: gate } = Promise.withResolvers<void>();
  const waiting = countTask(strict, async ({ n }) => {
    begun += 1;
    await gate;
    return { n: n + 1 };
  });
  const definition = orchestratorFor({ runs: 1, tracks: tasks, steps: 1 }, strict, waiting);
  const { store, letGo } = hang(memory());
  const box = await createSignalbox({ orchestrators: [definition], store });
  const before = await heldBytes();
  const ids = await startAll(box, definition, 1);
  await until(() => begun === tasks && box.quiet);
  const heap = await heldBytes();
  const json = await jsonBytes(store, ids);
  const full = await heldBytes();
  const { inMemory } = box.counts;
  letGo();
  return { heap, grown: heap - before, store: full - (await heldBytes()), json, inMemory };
}

/** The same bodies, called and not awaited: what waiting costs where nobody keeps anything. */
export async function plainLive(tasks: number): Promise<Held> {
  const { promise: gate } = Promise.withResolvers<void>();
  const body = async ({ n }: Count): Promise<Count> => {
    await gate;
    return { n: n + 1 };
  };
  const before = await heldBytes();
  const under = Array.from({ length: tasks }, () => body({ n: 0 }));
  const heap = await heldBytes();
  if (under.length !== tasks) throw new Error('They are to be held until here.');
  return { heap, grown: heap - before, store: null, json: null, inMemory: 0 };
}

/** A store that can be taken from under a box: it looks up every method in the store that hangs on it at the time. */
function hang(inner: Store): { store: Store; letGo: () => void } {
  let hung: Store | null = inner;
  const store = new Proxy({} as Store, {
    get(_, name) {
      if (hung === null) throw new Error('The store was let go.');
      return Reflect.get(hung, name);
    },
  });
  return {
    store,
    letGo: () => {
      hung = null;
    },
  };
}

async function startAll(
  box: Signalbox<[AnyOrchestrator]>,
  definition: AnyOrchestrator,
  runs: number,
): Promise<string[]> {
  const one = async (): Promise<string> => (await box.start(definition, { input: { n: 0 } })).id;
  return Promise.all(Array.from({ length: runs }, one));
}

async function jsonBytes(store: Store, ids: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const id of ids) {
    const rows = [
      [await store.readRun(id)],
      await store.readActors(id),
      await store.readAttempts(id),
      await store.readEvents(id, { after: 0, limit: Number.MAX_SAFE_INTEGER }),
    ];
    for (const row of rows.flat()) bytes += Buffer.byteLength(JSON.stringify(row));
  }
  return bytes;
}

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await new Promise((resolve) => setImmediate(resolve));
}
