/**
 * A client of a box: starts a run, sends it what it waits for, waits for its end, and notes what it was promised. One whose
 * request is rejected because the store is away asks again, under the same id, as a client of a real service would.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { AnyOrchestrator, Signalbox } from '../../src/index.ts';
import { ASKED, CANCELLED } from './load.ts';

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
  const { status, output } = await surely('outcome', () => handle.outcome());
  ack(`ended ${run} ${status} ${JSON.stringify(output)}`);
}
