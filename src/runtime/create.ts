/** Makes a box of what `createSignalbox` is given: reads the definitions, looks for bodies, and opens the store. */
import type { AnyOrchestrator, TasksOption } from '../dsl/index.ts';
import type { Store } from '../store.ts';
import { type Bodies, Signalbox } from './box.ts';
import {
  type BoxOptions,
  checkBodies,
  checkBoxOptions,
  logOf,
  readPlans,
  tellDropped,
  withChildren,
} from './options.ts';

/** What `createSignalbox` is given. Bodies are asked for exactly where a task has none. */
export type SignalboxOptions<Os extends readonly AnyOrchestrator[]> = BoxOptions & {
  readonly orchestrators?: Os;
} & TasksOption<Os>;

/** @internal How `index.ts` hands in the defaults that the runtime may not choose itself. */
export interface Defaults {
  readonly store: () => Store;
  readonly executor: NonNullable<BoxOptions['executor']>;
}

/** @internal */
export async function createBox<const Os extends readonly AnyOrchestrator[]>(
  options: SignalboxOptions<Os>,
  defaults: Defaults,
): Promise<Signalbox<Os>> {
  checkBoxOptions(options);
  const definitions = withChildren(options.orchestrators ?? []);
  const plans = readPlans(definitions);
  const bodies = ((options as { readonly tasks?: unknown }).tasks ?? {}) as Bodies;
  checkBodies(plans, bodies);
  tellDropped(definitions, logOf(options.logger).logger);
  const box = new Signalbox<Os>(
    options,
    options.store ?? defaults.store(),
    plans,
    bodies,
    options.executor ?? defaults.executor,
  );
  try {
    return await box.open();
  } catch (error) {
    // A box that is not made does not keep the file from others.
    await box.close().catch(() => {});
    throw error;
  }
}
