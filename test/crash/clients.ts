/**
 * A client of a box: starts a run, sends it what it waits for, waits for its end, and notes what it was promised. One whose
 * request is rejected because the store is away asks again, under the same id, as a client of a real service would.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { AnyOrchestrator, Signalbox } from '../../src/index.ts';
import { isTerminal } from '../../src/status.ts';
import { AGAIN, againOf, ASKED, CANCELLED, DECIDED, DECIDERS, MENDED, MENDS, PAUSED } from './load.ts';

export interface Client {
  readonly box: Signalbox;
  readonly flows: readonly AnyOrchestrator[];
  /** Notes a promise, before anything else happens. */
  ack(line: string): void;
  /** Told of a request that was rejected, and asked whether to ask again. */
  again?(error: unknown, what: string): Promise<boolean>;
}

/** Brings one run of a flow from its start to its end. */
export async function bring(
  { box, flows, ack, again }: Client,
  run: string,
  flow: string,
  input: number,
): Promise<void> {
  const definition = flows.find((each) => each.name === flow);
  if (definition === undefined) throw new Error(`There is no flow "${flow}".`);
  const surely = async <T>(what: string, ask: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(await again?.(error, what))) throw error;
      }
    }
  };
  /** False if the run was asked the same by a client before this one, and has gone on since. */
  const isTaken = async (what: string, ask: () => Promise<void>): Promise<boolean> => {
    const taken = await surely(what, async () => {
      try {
        await ask();
        return true;
      } catch (error) {
        if (!/refused$/.test(String((error as { readonly code?: unknown }).code))) throw error;
        return false;
      }
    });
    if (taken) ack(`${what} ${run}`);
    return taken;
  };
  const handle = await surely('start', () => box.start(definition, { id: run, input }));
  ack(`started ${run}`);
  if (flow === CANCELLED) {
    await pause(input % 20);
    await surely('cancel', () => handle.cancel({ reason: 'enough' }));
    ack(`cancelled ${run}`);
  }
  if (flow === ASKED) {
    // The second time nothing comes of it, whatever it carries.
    for (const [id, payload] of [
      ['one', input],
      ['two', 7],
      ['one', -1],
    ] as const) {
      const { answer } = await surely('signal', () => handle.signal('go', payload, { id }));
      ack(`signalled ${run} ${id} ${answer}`);
    }
  }
  if (flow === PAUSED) {
    await pause(input % 10);
    if (await isTaken('pause', () => handle.pause())) await pause(input % 7);
    // The word of a client that has died since may lie in the store, and come later than ours.
    for (; !(await surely('status', () => hasEnded(handle))); await pause(5))
      await isTaken('resume', () => handle.resume());
  }
  if (flow === MENDED) {
    for (const [path, word] of MENDS) {
      const isTime = async (): Promise<boolean> =>
        (await hasEnded(handle)) || (await handle.allowed(path)).includes(word) || isOver(handle, path);
      while (!(await surely('allowed', isTime))) await pause(2);
      const more = { retry: {}, resolve: { output: 100 }, skip: { output: 10 } }[word];
      await isTaken(word, () => handle[word](path, { reason: 'once more', ...more } as never));
    }
  }
  if (flow === DECIDED) {
    for (const by of DECIDERS) {
      const say = () => box.decide(`${run}/a/both#1`, { decision: 'approve', by, id: by });
      // It may not be asked yet. Said again, it is answered as it was.
      while ((await surely('decide', say)).answer === 'noSuchApproval') await pause(2);
    }
  }
  if (flow === AGAIN) {
    await surely('outcome', () => handle.outcome());
    const asked = { from: 'a/two', reason: 'once more', id: againOf(run) };
    const again = await surely('rerun', () => handle.rerun(asked));
    ack(`rerun ${run}`);
    await surely('outcome', () => again.outcome());
  }
  const { status, output } = await surely('outcome', () => handle.outcome());
  ack(`ended ${run} ${status} ${JSON.stringify(output)}`);
}

type Handle = ReturnType<Signalbox['run']>;

async function hasEnded(handle: Handle): Promise<boolean> {
  return isTerminal(await handle.status());
}

/** Has the step been through what it stood still for: has it ended, or is it tried again? */
async function isOver(handle: Handle, path: string): Promise<boolean> {
  const { status, attempts } = (await handle.snapshot()).steps[path] ?? { status: 'pending', attempts: [] };
  return isTerminal(status) || attempts.length > 1;
}
