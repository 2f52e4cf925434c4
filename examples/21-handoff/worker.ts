/** The other side: does what it is told, and says what comes of it. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Said, Told } from './handoff.ts';

const { module, name } = workerData as { readonly module: string; readonly name: string };
const bodies = (await import(module))[name] as { readonly [task: string]: (context: object) => unknown };
const say = (said: Said): void => parentPort?.postMessage(said);
const signals = new Map<number, AbortController>();

parentPort?.on('message', async (told: Told) => {
  const { id } = told;
  if (told.what === 'abort') return signals.get(id)?.abort(new DOMException(told.message, told.name));
  const controller = new AbortController();
  signals.set(id, controller);
  const { task, input, key, attempt, deadline, run } = told;
  let sync = true;
  try {
    const answer = bodies[task]?.({
      ...{ input, key, attempt, deadline, run, signal: controller.signal },
      log: (...said: Extract<Said, { what: 'log' }>['said']) => say({ what: 'log', id, said }),
      progress: (...said: Extract<Said, { what: 'progress' }>['said']) => say({ what: 'progress', id, said }),
      beat: () => say({ what: 'beat', id }),
    });
    sync = false;
    say({ what: 'value', id, value: await answer });
  } catch (error) {
    const { name: called, message, ms } = error as Error & { readonly ms?: number };
    say({ what: 'error', id, sync, name: called, message, ...(ms === undefined ? {} : { ms }) });
  } finally {
    signals.delete(id);
  }
});
