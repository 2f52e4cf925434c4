/**
 * `stateFile`: a file in which a run stands as it stands, after each of its events (P220). It is written beside the run and never in its
 * way: what a disk refuses is told in the log, and tried again.
 */
import { resolve } from 'node:path';
import { systemClock } from '../clock.ts';
import type { AnyOrchestrator } from '../dsl/index.ts';
import { InvalidOption, SignalboxError, StateFileUnwritten } from '../errors/index.ts';
import type { RunEvent } from '../events.ts';
import type { LogLine } from '../executor.ts';
import type { RunExport } from '../views/export.ts';
import { type Looked, type ProgramState, stateFrom, toldBefore } from '../views/programs.ts';
import { askOptions } from '../checks.ts';
import { diskReason, replaceFile, setFileAside, textIn } from './disk.ts';
import { stateDocument, stateIn, textOfState } from './document.ts';

/** What a state file needs of the handle on a run. */
export interface FiledRun extends Looked {
  readonly id: string;
  export(): Promise<RunExport>;
  events(options: { readonly after?: number; readonly signal?: AbortSignal }): AsyncIterable<unknown>;
}

/** What a state file needs of a box. */
export interface FilingBox {
  run(id: string): FiledRun;
  log(line: LogLine): void;
}

/** How a state file is kept. */
export interface StateFileOptions {
  /** The program that it is a run of: then the file says where that stands, too. */
  readonly program?: AnyOrchestrator;
}

/** Files that are written to, so that two do not write to one. */
const inUse = new Set<string>();

/** A disk that refused is tried again after so many milliseconds, and then after twice as many, up to the last. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [200, 10_000];
/** How often a family that goes on meanwhile is read again. */
const TRIES = 5;

/**
 * Keeps a file that says where a run stands, after each of its events, until the run has ended or the answer is closed. The file is whole
 * at any time, and the one before stands beside it (`…-before`). Resolves when the first state has been written, or could not be.
 *
 * @example
 * await using file = await stateFile(box, run, 'delivery.json', { program: delivery });
 */
export async function stateFile(
  box: FilingBox,
  run: string | { readonly id: string },
  path: string,
  options: StateFileOptions = {},
): Promise<StateFile> {
  askOptions('stateFile', options, ['program']);
  const id = typeof run === 'string' ? run : run?.id;
  if (typeof id !== 'string') throw new InvalidOption({ option: 'run', value: run, expected: 'a run, or its id' });
  if (typeof path !== 'string' || path === '')
    throw new InvalidOption({ option: 'path', value: path, expected: 'the path of a file' });
  const file = new StateFile(box, box.run(id), resolve(path), options);
  await file.open();
  return file;
}

/** A state file that is being written. */
export class StateFile {
  readonly path: string;
  readonly #box: FilingBox;
  readonly #run: FiledRun;
  readonly #options: StateFileOptions;
  readonly #stop = new AbortController();
  #following: Promise<void> = Promise.resolve();
  /** Something has happened that is not in the file. */
  #isStale = true;
  /** The writing that is under way. */
  #writing: Promise<void> | null = null;
  /** What is in the file is good, and is to be kept as the one before. */
  #isGood = false;
  #event = 0;
  #checksum = '';
  #failures = 0;
  #stopWaiting = (): void => {};
  #closed: Promise<void> | null = null;

  /** @internal Use `stateFile`. */
  constructor(box: FilingBox, run: FiledRun, path: string, options: StateFileOptions) {
    this.path = path;
    this.#box = box;
    this.#run = run;
    this.#options = options;
  }

  /** The number of the last event that is in the file; 0 before the first one is. */
  get event(): number {
    return this.#event;
  }

  /** @internal */
  async open(): Promise<void> {
    if (inUse.has(this.path))
      throw new InvalidOption({ option: 'path', value: this.path, expected: 'a file of its own for each run' });
    inUse.add(this.path);
    try {
      await this.#look();
      const { redacted } = await this.#run.export();
      if (redacted)
        this.#tell('warn', 'has parts that are blanked ("redact"): it can be read, and no run restored from it');
      await this.#write().catch((error: unknown) => {
        if (error instanceof InvalidOption) throw error;
        this.#failed(error);
      });
    } catch (error) {
      inUse.delete(this.path);
      throw error;
    }
    this.#following = this.#follow();
  }

  /** Writes what there is now. Answers with the number of its last event; rejects if it cannot be written. */
  async flush(): Promise<number> {
    // What is being written may have been read before this very moment.
    while (this.#writing !== null) await this.#writing;
    try {
      await this.#once();
    } catch (error) {
      this.#failed(error);
      throw error;
    }
    return this.#event;
  }

  /** Writes what there is, once more if need be, and stops. What cannot be written is told in the log. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    this.#stopWaiting();
    await this.#following;
    await this.flush().catch(() => {});
    this.#stopWaiting();
    inUse.delete(this.path);
  }

  /** What is there already: a state of this run is kept as the one before, and what is none is set aside. */
  async #look(): Promise<void> {
    let text: string | null;
    try {
      text = await textIn(this.path);
    } catch {
      // Writing will say why.
      return;
    }
    if (text === null) return;
    const found = stateIn(text);
    if ('fault' in found) {
      const aside = await setFileAside(this.path, systemClock.now()).catch((error: unknown) => {
        throw new StateFileUnwritten({ file: this.path, reason: diskReason(error) }, error);
      });
      this.#tell('warn', `could not be read (${found.fault}), and was set aside as ${aside}`);
    } else if (found.run !== this.#run.id) {
      const expected = `a file of its own for each run: this one is of run "${found.run}"`;
      throw new InvalidOption({ option: 'path', value: this.path, expected });
    } else this.#isGood = true;
  }

  /** Until the run has ended, was deleted, or the box is closed. */
  async #follow(): Promise<void> {
    try {
      for await (const _ of this.#run.events({ after: this.#event, signal: this.#stop.signal })) this.#wake();
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if (code !== 'box-closed' && code !== 'run-unknown')
        this.#tell('error', `is not written any more: ${diskReason(error)}`);
    }
  }

  /** There is something new. While a state is being written all that comes is one state more. */
  #wake(): void {
    this.#isStale = true;
    if (this.#writing !== null) return;
    this.#stopWaiting();
    void this.#once().catch((error: unknown) => this.#failed(error));
  }

  /** Writes until there is nothing new. */
  #once(): Promise<void> {
    const writing = (async () => {
      do await this.#write();
      while (this.#isStale && this.#closed === null);
    })();
    this.#writing = writing.then(
      () => {
        this.#writing = null;
        // What came between the last look and this moment has not been written.
        if (this.#isStale && this.#closed === null) this.#wake();
      },
      () => {
        this.#writing = null;
      },
    );
    return writing;
  }

  async #stateOf(program: AnyOrchestrator, events: readonly RunEvent[]): Promise<ProgramState> {
    return stateFrom(program, await this.#run.snapshot(), [...(await toldBefore(this.#run)), ...events]);
  }

  async #write(): Promise<void> {
    this.#isStale = false;
    try {
      const { program } = this.#options;
      const runs = await this.#family();
      const [{ events }] = runs as readonly [RunExport];
      // Read after the export: what happens in between makes it stale, and is written with the next state.
      const state = program === undefined ? null : await this.#stateOf(program, events);
      const { text, checksum } = textOfState(stateDocument(runs, state));
      // The one before is an earlier state, and not the same once more.
      if (checksum !== this.#checksum) await replaceFile(this.path, text, this.#isGood);
      this.#isGood = true;
      this.#checksum = checksum;
      this.#event = events.length;
    } catch (error) {
      this.#isStale = true;
      if (error instanceof SignalboxError) throw error;
      throw new StateFileUnwritten({ file: this.path, reason: diskReason(error) }, error);
    }
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#stopWaiting();
    this.#tell('info', 'is written again');
  }

  /** The run, and the runs that it waits for: they are read after it, and it has to be as it was then. */
  async #family(): Promise<readonly RunExport[]> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const first = await this.#run.export();
      if (first.redacted) return [first];
      const family = new Map([[first.run.run, first]]);
      let isOne = first.forImport !== null;
      for (const { forImport } of family.values()) {
        for (const run of forImport?.needs ?? []) {
          if (family.has(run)) continue;
          const below = await this.#box.run(run).export();
          isOne &&= below.forImport !== null;
          family.set(run, below);
        }
      }
      if (isOne && family.size > 1) isOne = (await this.#run.export()).events.length === first.events.length;
      if (isOne) return [...family.values()];
    }
    throw new StateFileUnwritten({ file: this.path, reason: 'the run goes on faster than it can be read' });
  }

  /** Told once, and tried again: at the next event, and after a pause. */
  #failed(error: unknown): void {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    if (code === 'box-closed' || code === 'run-unknown') return;
    this.#failures += 1;
    if (this.#failures === 1) this.#box.log({ level: 'error', message, run: this.#run.id, error: error as Error });
    if (this.#closed !== null) return;
    const pause = Math.min(FIRST_PAUSE * 2 ** (this.#failures - 1), LONGEST_PAUSE);
    this.#stopWaiting();
    this.#stopWaiting = systemClock.wakeAfter(pause, () => this.#wake());
  }

  #tell(level: LogLine['level'], what: string): void {
    this.#box.log({ level, message: `State file ${this.path} ${what}.`, run: this.#run.id });
  }
}
