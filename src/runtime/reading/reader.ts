/**
 * Reading runs into memory, one reading at a time for each run (I2): messages that come meanwhile wait in line. A store that
 * cannot be read is asked again later; a run that cannot be gone on with is left as it is, and the log says why.
 */
import {
  DefinitionChanged,
  DefinitionMissing,
  Impossible,
  RowUnreadable,
  reasonOf,
  type SignalboxError,
  StoreUnusable,
} from '../../errors/index.ts';
import type { Logger } from '../../executor.ts';
import type { Complaints } from '../complaints.ts';
import type { Message } from '../../core/message.ts';
import type { Held } from '../held.ts';

export interface ReaderOptions {
  readonly logger: Logger;
  readonly complaints: Complaints;
  /** Calls back after so many milliseconds. */
  wakeAfter(ms: number, wake: () => void): void;
  /** The run as the store has it, or null when it is over or somebody else's. `line` is what waits for it. */
  recall(id: string, line: readonly Message[]): Promise<Held | null>;
  /** The run was read: what waited in line is to be taken. */
  found(id: string, run: Held | null, line: readonly Message[]): void;
  /** A try is over, whatever came of it. */
  tried(): void;
}

interface Reading {
  readonly line: Message[];
  readonly run: Promise<Held | null>;
  /** Over after the first try, whatever came of it. */
  readonly tried: Promise<void>;
  /** The first try is under way: nothing has failed so far. */
  isFresh: boolean;
}

/** After so long a store that could not be read is asked again, and then after twice as long, up to the last. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;

export class RunReader {
  readonly #options: ReaderOptions;
  readonly #reading = new Map<string, Reading>();
  readonly #pausing = new Set<() => void>();
  /** Reasons for which runs were refused, so that each is logged once. */
  readonly #told = new Set<string>();
  #closed = false;
  /** Runs that could not be gone on with, and why. */
  readonly #refused = new Map<string, SignalboxError>();

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** How many runs could not be gone on with. */
  get refused(): number {
    return this.#refused.size;
  }

  /** Why a run could not be gone on with. */
  refusalOf(id: string): SignalboxError | undefined {
    return this.#refused.get(id);
  }

  /** Nothing is being read; a run that waits for a store that fails does not count. */
  get quiet(): boolean {
    return this.#reading.size <= this.#pausing.size;
  }

  /** Is a run being read, or does it wait for that? */
  isReading(id: string): boolean {
    return this.#reading.has(id);
  }

  /** Is a run being read, and nothing has failed so far? */
  isTrying(id: string): boolean {
    return this.#reading.get(id)?.isFresh ?? false;
  }

  /** Resolves when what is being read of a run was read, and what waited for it was taken. */
  async over(id: string): Promise<void> {
    await this.#reading.get(id)?.run;
  }

  /** Reads a run, and has the messages taken that have gathered for it by then. `before` comes first, after the pause. */
  read(id: string, messages: readonly Message[], pause = 0, before = async () => {}): Promise<Held | null> {
    const reading = this.#reading.get(id);
    if (reading !== undefined) {
      reading.line.push(...messages);
      return reading.run;
    }
    const line = [...messages];
    const { promise: tried, resolve: firstTried } = Promise.withResolvers<void>();
    const run = this.#untilRead(id, line, pause, before, firstTried).then((found) => {
      this.#reading.delete(id);
      this.#options.found(id, found, line);
      this.#options.tried();
      firstTried();
      return found;
    });
    this.#reading.set(id, { line, run, tried, isFresh: pause === 0 });
    return run;
  }

  /** Reads a run, and resolves when that has worked or has failed for the first time. */
  async tryOnce(id: string): Promise<void> {
    // One that has begun already may have seen the run as it was before it was ours.
    await this.#reading.get(id)?.tried;
    void this.read(id, []);
    await this.#reading.get(id)?.tried;
  }

  close(): void {
    this.#closed = true;
    for (const goOn of this.#pausing) goOn();
  }

  async #untilRead(
    id: string,
    line: readonly Message[],
    pause: number,
    before: () => Promise<void>,
    failedOnce: () => void,
  ): Promise<Held | null> {
    if (pause > 0) await this.pause(pause);
    for (let next = FIRST_PAUSE; !this.#closed; next = Math.min(2 * next, LONGEST_PAUSE)) {
      try {
        await before();
        const run = await this.#options.recall(id, line);
        // Also if it has ended since it was refused.
        this.#refused.delete(id);
        // A box that was closed meanwhile takes no turn on it: its store is closed, too, or about to be.
        return this.#closed ? null : run;
      } catch (error) {
        if (this.#closed) return null;
        if (isFinal(error)) return this.#refuse(id, error);
        const message = `Run "${id}" could not be read and is tried again in ${next} ms: ${reasonOf(error)}`;
        const line = { level: 'error', message, run: id, ...(error instanceof Error ? { error } : {}) } as const;
        this.#options.complaints.tell(line, error);
        failedOnce();
        this.#failed(id);
        await this.pause(next);
      }
    }
    return null;
  }

  #failed(id: string): void {
    const reading = this.#reading.get(id);
    if (reading !== undefined) reading.isFresh = false;
    this.#options.tried();
  }

  #refuse(id: string, error: SignalboxError): null {
    this.#refused.set(id, error);
    this.tellOnce(id, error);
    return null;
  }

  /** Logs why a run cannot be gone on with, once for each reason. */
  tellOnce(id: string, error: SignalboxError): void {
    // Ten thousand runs of one definition that is missing are one thing to mend, and one line.
    const { orchestrator, version } = error.fields as { readonly orchestrator?: string; readonly version?: string };
    const reason = orchestrator === undefined ? error.message : `${error.code} ${orchestrator} ${version}`;
    if (this.#told.has(reason)) return;
    this.#told.add(reason);
    this.#options.logger({ level: 'error', message: error.message, run: id, error });
  }

  /** Lets time pass, unless the box is closed. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const goOn = (): void => {
        this.#pausing.delete(goOn);
        resolve();
      };
      this.#pausing.add(goOn);
      this.#options.wakeAfter(ms, goOn);
    });
  }
}

/** Reading again would not help. */
function isFinal(error: unknown): error is SignalboxError {
  if (error instanceof StoreUnusable) return error.isLasting;
  return FINAL.some((kind) => error instanceof kind);
}

/** `Impossible`: rows that do not belong together, which no single row tells. */
const FINAL = [DefinitionChanged, DefinitionMissing, RowUnreadable, Impossible];
