/**
 * What processes that share a store have to do with each other: signs of life, taking over what the dead have left,
 * and requests to runs that another process owns.
 *
 * A request lies in the store as a command until the owner of the run has taken it and answered. It is taken as any
 * message is, so a command that is taken twice, because its taker died before it could answer, changes nothing the
 * second time (I5). News from the store make all this quick; looking by itself, three times in each lease, makes it sure.
 */
import type { Clock } from '../clock.ts';
import { BoxClosed, CommandFailed, type ErrorRecord, LeaseLost, reasonOf, toRecord } from '../errors.ts';
import { isTerminal } from '../events.ts';
import type { Logger } from '../executor.ts';
import { randomIds } from '../ids.ts';
import type { Json, JsonObject } from '../json.ts';
import type { CommandRow, News, Sharing, Store } from '../store.ts';
import type { Followers } from './followers.ts';
import type { Host } from './host.ts';
import type { CancelMessage } from './message.ts';
import type { Command, Request } from './requests.ts';
import type { SignalAnswer } from './signals.ts';

export interface ExchangeOptions {
  readonly store: Store;
  readonly shared: Sharing;
  readonly host: Host;
  /** To runs of ours. */
  readonly here: Command;
  readonly followers: Followers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often to look without being told to, in milliseconds. */
  readonly every: number;
}

/** How many commands are read at a time, and how many readers of other processes' runs are sent to look in one round. */
const SOME = 200;

export class Exchange {
  readonly #options: ExchangeOptions;
  /** Commands that are being taken. */
  readonly #taking = new Set<string>();
  /** Those who wait for an answer, and look again when they are called. */
  readonly #asking = new Set<() => void>();
  /** What is under way with the store; a request that waits for its answer is not. */
  readonly #underWay = new Set<Promise<unknown>>();
  #looking = false;
  #lookAgain = false;
  #closed = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Nothing is under way. Requests may wait for their answers. */
  get quiet(): boolean {
    return this.#underWay.size === 0;
  }

  async open(): Promise<void> {
    await this.#options.shared.listen((news) => this.#hear(news));
    this.#comeBack();
  }

  /** Begins nothing more, and lets go of those who wait for an answer. */
  close(): void {
    this.#closed = true;
    this.#callAsking();
  }

  /** Resolves when what was under way is over: a run that is claimed after the store was let go of would be nobody's. */
  async settled(): Promise<void> {
    while (!this.quiet) await Promise.allSettled(this.#underWay);
  }

  /** Hands a request to the run, wherever it is. False if the run has ended, or is not there. */
  async command(run: string, request: Request): Promise<boolean> {
    const { here, store } = this.#options;
    try {
      if (await here(run, request)) return true;
    } catch (error) {
      // It was ours a moment ago. Whoever has it now is asked.
      if (!(error instanceof LeaseLost)) throw error;
    }
    const row = await store.readRun(run);
    if (row === null || isTerminal(row.status)) return false;
    return this.#ask(run, request);
  }

  async #ask(run: string, request: Request): Promise<boolean> {
    const { shared, store } = this.#options;
    const id = randomIds();
    await this.#during(async () => shared.leaveCommand({ id, run, body: bodyOf(request) }));
    for (;;) {
      const called = this.#call();
      const { ended, answer } = await this.#during(async () => ({
        ended: isTerminal((await store.readRun(run))?.status ?? 'completed'),
        // Asked after the run was looked at: an answer that came just before the end is found.
        answer: (await shared.takeAnswer(id)) as Answered | null,
      }));
      if (answer !== null) return heed(answer, run, request);
      if (ended) return false;
      await called;
      if (this.#closed) throw new BoxClosed();
    }
  }

  async #during<T>(work: () => Promise<T>): Promise<T> {
    const begun = work();
    this.#underWay.add(begun);
    try {
      return await begun;
    } finally {
      this.#underWay.delete(begun);
    }
  }

  /** Resolves when there may be an answer, and at the latest when it is time to look again. */
  #call(): Promise<void> {
    return new Promise((resolve) => {
      const { host, clock, every } = this.#options;
      const go = (): void => {
        this.#asking.delete(go);
        stop();
        resolve();
      };
      const stop = host.timers.at(clock.now() + every, go);
      this.#asking.add(go);
    });
  }

  #callAsking(): void {
    for (const go of [...this.#asking]) go();
  }

  #hear(news: News): void {
    if (this.#closed) return;
    const { followers, host } = this.#options;
    switch (news.about) {
      case 'runs':
        for (const run of news.runs) followers.look(run);
        return;
      case 'commands':
        return this.#look();
      case 'answers':
        return this.#callAsking();
      case 'released':
        void this.#during(() => host.recover()).then(() => this.#look());
        return;
      default:
        return news satisfies never;
    }
  }

  /** A sign of life, and a look at everything that a lost word may have been about; and again, and again. */
  #comeBack(): void {
    const { host, clock, every, store, followers } = this.#options;
    host.timers.at(clock.now() + every, async () => {
      try {
        await this.#during(async () => {
          await store.renew();
          await host.recover();
        });
        this.#look();
        followers.lookAtSome(SOME);
      } catch (error) {
        this.#complain('The store did not take a sign of life', error);
      }
      if (!this.#closed) this.#comeBack();
    });
  }

  #complain(what: string, error: unknown): void {
    const message = `${what}: ${reasonOf(error)}`;
    this.#options.logger({ level: 'error', message, ...(error instanceof Error ? { error } : {}) });
  }

  /** Takes the commands that lie there for runs of ours. */
  #look(): void {
    if (this.#closed) return;
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    void this.#during(() => this.#takeAll()).finally(() => {
      this.#looking = false;
    });
  }

  async #takeAll(): Promise<void> {
    const { shared } = this.#options;
    do {
      this.#lookAgain = false;
      try {
        const commands = await shared.readCommands(SOME);
        const fresh = commands.filter(({ id }) => !this.#taking.has(id));
        // Not waited for: one whose commit fails for a while is not to hold up the others.
        for (const command of fresh) void this.#during(() => this.#take(command));
        if (commands.length === SOME && fresh.length > 0) this.#lookAgain = true;
      } catch (error) {
        this.#complain('Commands of other processes could not be read, which is tried again', error);
      }
    } while (this.#lookAgain && !this.#closed);
  }

  async #take({ id, run, body }: CommandRow): Promise<void> {
    const { shared } = this.#options;
    this.#taking.add(id);
    try {
      const answer = await this.#answerTo(run, body as unknown as Body);
      if (answer === null) return;
      await shared.answerCommand(id, answer as unknown as JsonObject);
      // It may be one of ours, left when the run was not; of what we do ourselves there are no news.
      this.#callAsking();
    } catch (error) {
      this.#complain(`A command of another process to run "${run}" could not be answered, which is tried again`, error);
    } finally {
      this.#taking.delete(id);
    }
  }

  /** Null when the run is somebody else's by now, who will answer. */
  async #answerTo(run: string, body: Body): Promise<Answered | null> {
    const { here, store } = this.#options;
    const request: Request = body.type === 'signal' ? { ...body, answer: null, known: false } : body;
    try {
      if (await here(run, request)) {
        return { done: true, answer: request.type === 'signal' ? request.answer : null };
      }
    } catch (error) {
      if (error instanceof LeaseLost || error instanceof BoxClosed) return null;
      return { error: toRecord(error) };
    }
    const row = await store.readRun(run);
    return row === null || isTerminal(row.status) ? { done: false, answer: null } : null;
  }
}

/** A request as it lies in the store. */
type Body =
  | CancelMessage
  | { readonly type: 'signal'; readonly id: string; readonly name: string; readonly payload: Json };

/** An answer as it lies in the store. */
type Answered = { readonly done: boolean; readonly answer: SignalAnswer | null } | { readonly error: ErrorRecord };

function bodyOf(request: Request): JsonObject {
  const { type } = request;
  if (type === 'cancel') return { type, reason: request.reason };
  const { id, name, payload } = request;
  return { type, id, name, payload };
}

/** What the owner said, as if it had been said here. */
function heed(answered: Answered, run: string, request: Request): boolean {
  if ('error' in answered) throw new CommandFailed({ run, command: request.type, error: answered.error });
  if (request.type === 'signal') request.answer = answered.answer;
  return answered.done;
}
