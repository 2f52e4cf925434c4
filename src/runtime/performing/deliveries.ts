/**
 * Deliveries: the signal of a step goes to whom it is for, and what came of it is counted. Its id follows from the step's key, so
 * a run that has it already answers as it did the first time.
 */
import type { Plan } from '../../definition.ts';
import { waitsFor } from '../../core/prospects.ts';
import { BoxClosed, reasonOf, StoreUnusable } from '../../errors/index.ts';
import { stepIdOf } from '../../ids.ts';
import type { Json } from '../../json.ts';
import type { Addressee, SendAsked, SendSpec } from '../../leaves.ts';
import { Tally } from '../../performing/tally.ts';
import type { RunRow, Store } from '../../store.ts';
import type { SignalAnswer } from '../../core/signals.ts';
import { type AskRun, send } from '../ownership/requests.ts';
import { planName } from '../options.ts';

interface DeliveryOptions {
  readonly store: Store;
  readonly command: AskRun;
  /** By `planName`. */
  readonly plans: ReadonlyMap<string, Plan>;
}

/** The step that sends. */
interface Sender {
  readonly run: string;
  readonly path: string;
  readonly attempt: number;
  readonly node: { readonly spec: object | null };
  readonly input: Json;
  /** What runs have said to it, and null of those that have not: who was asked before the store was away is not asked again. */
  readonly heard: Map<string, SignalAnswer | null>;
}

/** How many runs are looked at, and asked, at a time. */
const PAGE = 100;

/** How many runs took the signal, keep it for later, or refused it. */
export async function deliver(options: DeliveryOptions, sender: Sender): Promise<Json> {
  const { sends: signal } = sender.node.spec as SendSpec;
  const { to, payload } = sender.input as unknown as SendAsked;
  const id = stepIdOf(sender.run, sender.path, sender.attempt);
  const { heard } = sender;
  const ask = async (run: string): Promise<void> =>
    void heard.set(run, await sendTo(options, run, { id, name: signal, payload }));
  // One that took it, and whose answer was lost, does not wait for it any more, and says it again.
  await Promise.all([...heard].flatMap(([run, answer]) => (answer === null ? [ask(run)] : [])));
  for await (const runs of addressed(options, to, signal)) {
    const open = runs.filter((run) => !heard.has(run));
    // In the order in which they were found, whoever answers first.
    for (const run of open) heard.set(run, null);
    await Promise.all(open.map(ask));
  }
  const tally = new Tally(sender.node.spec as SendSpec, to);
  for (const [run, answer] of heard) if (answer !== null) tally.add(run, answer);
  return tally.counts();
}

async function sendTo(
  { store, command }: DeliveryOptions,
  run: string,
  { id, name, payload }: { readonly id: string; readonly name: string; readonly payload: Json },
): Promise<SignalAnswer> {
  try {
    return await send(store, command, run, { type: 'signal', id, name, payload, answer: null, known: false });
  } catch (error) {
    // The whole errand is done again. What one run could not take is no fault of the others.
    if (error instanceof StoreUnusable || error instanceof BoxClosed) throw error;
    return { answer: 'refused', reason: 'run-ended', message: reasonOf(error), issues: [] };
  }
}

/** The runs that it is for, a page at a time. */
async function* addressed(options: DeliveryOptions, to: Addressee, signal: string): AsyncGenerator<readonly string[]> {
  if ('run' in to) yield [to.run];
  else if ('key' in to) {
    const row = await options.store.readRunByKey(to.orchestrator, to.key);
    if (row !== null) yield [row.run];
  } else yield* waiting(options, signal);
}

/**
 * Runs that wait for the signal. A store has no list of those: the rows of all runs under way are looked at, and the open
 * places of each that may wait for it. A run that comes to wait meanwhile may be passed by.
 */
async function* waiting({ store, plans }: DeliveryOptions, signal: string): AsyncGenerator<readonly string[]> {
  const known = new Set<string>();
  const mayWait = ({ run, orchestrator, version }: RunRow): boolean => {
    const plan = plans.get(planName(orchestrator, version));
    return !known.has(run) && (plan === undefined || waitsFor(plan, signal));
  };
  for (const status of ['running', 'waiting', 'paused'] as const) {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await store.readRuns({ status, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      cursor = page.cursor;
      const some = page.runs.filter(mayWait);
      const open = await Promise.all(some.map(({ run }) => store.readOpen(run)));
      const runs = open.flatMap((run) =>
        run?.open.some(({ state, memory }) => state === 'waiting' && memory.signal === signal) ? [run.row.run] : [],
      );
      for (const run of runs) known.add(run);
      yield runs;
    }
  }
}
