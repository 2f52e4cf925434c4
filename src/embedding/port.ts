/**
 * What embedding needs of a box and of a run, by shape: a box in this process has it, and so may one that is somewhere else. Nothing of
 * the runtime is imported here. Also the commands that an embedded run is sent as events of XState.
 */
import { askOptions } from '../checks.ts';
import type { SignalAnswer } from '../core/signals.ts';
import type { AnyOrchestrator, AnySignals, RunInput } from '../dsl/index.ts';
import type { ReadEvent } from '../events.ts';
import type { JsonObject } from '../json.ts';
import type { RunSnapshot } from '../views/snapshot.ts';

/** A handle on a run, as far as an embedded actor uses it. `box.run(id)` is one. */
export interface RunPort {
  result(): Promise<unknown>;
  snapshot(): Promise<RunSnapshot>;
  history(options?: { readonly after?: number }): AsyncIterable<ReadEvent>;
  events(options: { readonly after: number; readonly signal: AbortSignal }): AsyncIterable<ReadEvent>;
  signal(name: string, payload: unknown, options: { readonly id?: string }): Promise<SignalAnswer>;
  cancel(options: { readonly reason: string | null }): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/** A box that has runs to look at. */
export interface RunsPort {
  run(id: string): RunPort;
}

/** A box that can start runs of `O`. What `createSignalbox` makes is one. */
export interface StartsPort<O extends AnyOrchestrator> extends RunsPort {
  start(
    orchestrator: O,
    options: { readonly id: string; readonly input: RunInput<O>; readonly metadata?: JsonObject },
  ): Promise<unknown>;
}

type SignalCommand<Name extends string, Payload> = {
  readonly type: 'signal';
  readonly name: Name;
  /** Give it one if the signal may be sent twice: the second time changes nothing (S17). */
  readonly id?: string;
} & (null extends Payload ? { readonly payload?: Payload } : { readonly payload: Payload });

/** What an embedded run is sent: a signal that it waits for, or a command. */
export type RunCommand<Signals = AnySignals> =
  | { [Name in keyof Signals & string]: SignalCommand<Name, Signals[Name]> }[keyof Signals & string]
  | { readonly type: 'cancel'; readonly reason?: string | null }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' };

/** What an embedded run emits: events of the run as they come, and what came of each command. */
export type RunEmitted =
  | ReadEvent
  | { readonly type: 'command.answered'; readonly command: RunCommand; readonly answer: SignalAnswer | null }
  | { readonly type: 'command.failed'; readonly command: RunCommand; readonly error: unknown };

/** What each command may say. */
const COMMANDS: { readonly [T in RunCommand['type']]: readonly string[] } = {
  signal: ['type', 'name', 'payload', 'id'],
  cancel: ['type', 'reason'],
  pause: ['type'],
  resume: ['type'],
};

export function isCommand(event: { readonly type: string }): event is RunCommand {
  return Object.hasOwn(COMMANDS, event.type);
}

/** Commands to one run, one after the other, in the order in which they were sent; `emit` hears what came of each. */
export class Commands {
  readonly #run: Promise<RunPort>;
  readonly #emit: (emitted: RunEmitted) => void;
  #last: Promise<void> = Promise.resolve();

  constructor(run: Promise<RunPort>, emit: (emitted: RunEmitted) => void) {
    this.#run = run;
    this.#emit = emit;
  }

  send(command: RunCommand): void {
    this.#last = this.#last.then(() => this.#perform(command));
  }

  async #perform(command: RunCommand): Promise<void> {
    try {
      const answer = await give(await this.#run, command);
      this.#emit({ type: 'command.answered', command, answer });
    } catch (error) {
      this.#emit({ type: 'command.failed', command, error });
    }
  }
}

async function give(run: RunPort, command: RunCommand): Promise<SignalAnswer | null> {
  askOptions(command.type, command, COMMANDS[command.type]);
  if (command.type === 'signal') {
    const { name, payload = null, id } = command;
    return run.signal(name, payload, id === undefined ? {} : { id });
  }
  if (command.type === 'cancel') await run.cancel({ reason: command.reason ?? null });
  else if (command.type === 'pause') await run.pause();
  else await run.resume();
  return null;
}

const CLOSED: readonly unknown[] = ['box-closed', 'store-lost'];

/** Did the box go, and not the run? By its code, because the error of another process has another class. */
export function isClosed(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && CLOSED.includes(error.code);
}
