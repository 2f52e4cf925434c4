/** `restoreFrom`: a run that goes on from its state file, or, if that is no good, from the one before it, and says so (P228). */
import { resolve } from 'node:path';
import { InvalidOption, StateFileUnusable } from '../errors/index.ts';
import type { LogLine } from '../executor.ts';
import { beforeOf, diskReason, textIn } from './disk.ts';
import { type StateDocument, stateIn } from './document.ts';

/** What restoring needs of a box. `R` is its handle on a run. */
export interface RestoringBox<R> {
  import(exported: unknown): Promise<R>;
  run(id: string): { status(): Promise<unknown> };
  log(line: LogLine): void;
}

/** What became of a state file. */
export interface Restored<R> {
  readonly run: R;
  /** The file that it was restored from: the state file, or the one before it. */
  readonly file: string;
  /** The number of the last event that this file knew. */
  readonly event: number;
  /** What is wrong with the state file, if the one before had to do. */
  readonly fault: string | null;
  /** The store had the run already, as far as the file or further: nothing was changed. */
  readonly wasThere: boolean;
}

/**
 * Reads a state file and imports its run, which goes on. A file that is missing, cut short or changed is told, in the answer and in the log,
 * and the one before it is taken. A run that is in the store already stays as it is. Throws `StateFileUnusable` if neither file can be
 * read, and what `box.import` throws.
 *
 * @example
 * const { run, fault } = await restoreFrom(box, 'delivery.json');
 * if (fault !== null) console.warn(`the last events are missing: ${fault}`);
 */
export async function restoreFrom<R>(box: RestoringBox<R>, path: string): Promise<Restored<R>> {
  if (typeof path !== 'string' || path === '')
    throw new InvalidOption({ option: 'path', value: path, expected: 'the path of a file' });
  const file = resolve(path);
  const last = await read(file);
  if (!('fault' in last)) return { ...(await brought(box, last)), file, fault: null };
  const before = beforeOf(file);
  const earlier = await read(before);
  if ('fault' in earlier) {
    const reasons = [
      { file, reason: last.fault },
      { file: before, reason: earlier.fault },
    ];
    throw new StateFileUnusable({ file, reasons });
  }
  const restored = await brought(box, earlier);
  const { run, event, at } = earlier;
  const message = `State file ${file} is no good: ${last.fault}. Run "${run}" was restored from ${before}, which ends with event ${event} of ${at}; what came after that is not there.`;
  box.log({ level: 'warn', message, run });
  return { ...restored, file: before, fault: last.fault };
}

async function read(file: string): Promise<StateDocument | { readonly fault: string }> {
  try {
    const text = await textIn(file);
    return text === null ? { fault: 'it is missing' } : stateIn(text);
  } catch (error) {
    return { fault: `it cannot be read: ${diskReason(error)}` };
  }
}

async function brought<R>(
  box: RestoringBox<R>,
  { run, event, runs }: StateDocument,
): Promise<Pick<Restored<R>, 'run' | 'event' | 'wasThere'>> {
  const wasThere = await box
    .run(run)
    .status()
    .then(
      () => true,
      (error: { readonly code?: string }) => {
        if (error.code === 'run-unknown') return false;
        throw error;
      },
    );
  return { run: await box.import(runs), event, wasThere };
}
