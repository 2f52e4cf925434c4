/** Follows a run: its events as they come, until it ends, or waits for something that does not come by itself. */
import { systemClock } from '../clock.ts';
import type { ReadEvent } from '../events.ts';
import { isTerminal } from '../status.ts';
import type { RunBench } from './boxes.ts';
import { EXIT } from './command.ts';
import { type Outside, outsideOf } from './outside.ts';

/** How often it is looked whether the run has come to rest: sooner at first, and then every second. */
const [SOON, LATE] = [50, 1_000];

/** How the following has ended. */
export type Followed =
  | { readonly how: 'ended' }
  | { readonly how: 'waits'; readonly outside: readonly Outside[] }
  | { readonly how: 'stopped' };

export async function followRun(
  { box, run, seq }: RunBench,
  stop: AbortSignal,
  tell: (event: ReadEvent) => void,
): Promise<Followed> {
  const over = new AbortController();
  const end = (): void => over.abort();
  stop.addEventListener('abort', end);
  let told = seq;
  const reading = (async () => {
    for await (const event of run.events({ after: seq, signal: over.signal })) {
      told = event.seq;
      tell(event);
    }
  })();
  try {
    for (let pause = SOON; ; pause = Math.min(LATE, pause * 1.5)) {
      const before = told;
      const isOver = await Promise.race([reading.then(() => true), after(pause).then(() => false)]);
      if (stop.aborted) return { how: 'stopped' };
      if (isOver) return { how: 'ended' };
      // While there is news it is under way.
      if (told !== before) {
        pause = SOON;
        continue;
      }
      const outside = await outsideOf(box, await run.snapshot());
      if (outside === null) continue;
      // What was committed until then is told first.
      for await (const event of run.history({ after: told })) {
        told = event.seq;
        tell(event);
      }
      return { how: 'waits', outside };
    }
  } finally {
    stop.removeEventListener('abort', end);
    over.abort();
    await reading;
  }
}

/** The exit code that says how a run stands. */
export async function exitCodeOf({ run }: RunBench): Promise<number> {
  const status = await run.status();
  if (!isTerminal(status)) return EXIT.waiting;
  return status === 'completed' ? EXIT.done : EXIT.failed;
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    systemClock.wakeAfter(ms, resolve);
  });
}
