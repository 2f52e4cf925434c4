/**
 * What processes that share a store have to do with each other: signs of life, taking over what the dead have left,
 * and requests to runs that another process owns.
 *
 * A request lies in the store as a command until the owner of the run has taken it and answered. It is taken as any
 * message is, so a command that is taken twice, because its taker died before it could answer, changes nothing the
 * second time (I5). News from the store make all this quick; looking by itself, three times in each lease, makes it sure.
 */
import type { Clock } from '../../clock.ts';
import { fromMs } from '../../duration.ts';
import { BoxClosed, CommandFailed, type ErrorRecord, LeaseLost, StoreUnusable, toRecord } from '../../errors/index.ts';
import { isTerminal } from '../../events.ts';
import type { Logger } from '../../executor.ts';
import { randomIds } from '../../ids.ts';
import type { Json, JsonObject } from '../../json.ts';
import type { CommandRow, News, RunRow, Sharing, Store } from '../../store.ts';
import type { Complaints } from '../complaints.ts';
import type { Followers } from '../../views/followers.ts';
import { lineAbout } from './handover.ts';
import type { Host } from '../host.ts';
import { readCommand, wayOf } from '../../commands/index.ts';
import type { AskRun, Request } from './requests.ts';

export interface ExchangeOptions {
  readonly store: Store;
  readonly shared: Sharing;
  readonly host: Host;
  /** To runs of ours. */
  readonly here: AskRun;
  readonly followers: Followers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly complaints: Complaints;
  /** After so many milliseconds without a sign of life this process is taken for dead. */
  readonly lease: number;
}

/** How often in a lease a sign of life is given, and looked for what nobody has told. */
const SIGNS = 3;
/** After so many leases a request to a run that this process could not go on with either is given up. */
const PATIENCE = 2;

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
  /** When the last sign of life was given that has arrived, and whether one since then has not. */
  #signAt: number;
  #triedAt: number;
  #failed = false;
  /** The last one was so late that others could take over runs. */
  #isLate = false;
  /** How many were. */
  #term = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#signAt = options.clock.now();
    this.#triedAt = this.#signAt;
  }

  /** The last sign of life that has arrived is not older than a lease: nobody can have taken over anything. */
  get lives(): boolean {
    const since = this.#options.clock.now() - this.#signAt;
    // Before it was given: somebody has set the clock, and nothing is known until the next one.
    return since >= 0 && since <= this.#options.lease;
  }

  /** What the store said of a run in an earlier term may be otherwise by now. */
  get term(): number {
    return this.#term;
  }

  /** Nothing is under way. Requests may wait for their answers. */
  get quiet(): boolean {
    return this.#underWay.size === 0;
  }

  async open(): Promise<void> {
    await this.#options.shared.listen((news) => this.#hear(news));
    // To open the store was one.
    this.#signAt = this.#options.clock.now();
    this.#triedAt = this.#signAt;
    this.#comeBack();
    void this.#during(() => this.#options.host.handover.lookForStrays());
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
    return (await this.#ask(row, request)) ?? this.command(run, request);
  }

  /** Null if the run was deleted and begun anew before anybody answered: nobody will any more. */
  async #ask({ run, startedAt }: RunRow, request: Request): Promise<boolean | null> {
    const { shared, clock, lease } = this.#options;
    const id = randomIds();
    await this.#during(async () => shared.leaveCommand({ id, run, body: wayOf(request.type).write(request) }));
    const patientTill = clock.now() + PATIENCE * lease;
    for (;;) {
      const called = this.#call();
      const known = await this.#during(() => this.#answerOf(id, run, clock.now() > patientTill));
      if (known !== null) {
        const { row, answer } = known;
        if (answer !== null) return heed(answer, run, request);
        if (row === null || isTerminal(row.status)) return false;
        if (row.startedAt !== startedAt) return null;
      }
      await called;
      if (this.#closed) throw new BoxClosed();
    }
  }

  /** What is known of a request, and of its run, by now. While the store is away nothing is; it lies there, and is answered afterwards. */
  async #answerOf(id: string, run: string, givesUp: boolean): Promise<Known | null> {
    const { shared, store, host } = this.#options;
    try {
      // Nobody has answered, and this process would not be able to. If somebody is just about to, the first answer counts.
      const refusal = givesUp ? await host.handover.refusal(run) : null;
      if (refusal !== null) await shared.answerCommand(id, { error: toRecord(refusal) });
      const row = await store.readRun(run);
      // Asked after the run was looked at: an answer that came just before the end is found.
      return { row, answer: (await shared.takeAnswer(id)) as Answered | null };
    } catch (error) {
      if (error instanceof StoreUnusable) return null;
      throw error;
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
      const { host, lease } = this.#options;
      const go = (): void => {
        this.#asking.delete(go);
        stop();
        resolve();
      };
      const stop = host.timers.after(lease / SIGNS, go);
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
        // Nobody else commits to a run that is ours; most are not.
        void this.#during(() => host.handover.lookAfter(news.runs));
        return;
      case 'commands':
        return this.#look();
      case 'answers':
        return this.#callAsking();
      case 'released':
        this.#recover();
        return;
      default:
        return news satisfies never;
    }
  }

  /** Takes over what there is, and then looks at what was asked of it, if there is anything. */
  #recover(): void {
    const { handover } = this.#options.host;
    const before = handover.claimed;
    void handover.recover().then(() => handover.claimed > before && this.#look());
  }

  /** A sign of life, and a look at everything that a lost word may have been about; and again, and again. */
  #comeBack(): void {
    const { host, clock, lease, followers } = this.#options;
    // Counted from when the last one was given: however long the answer took, the lease has begun with it. In time that passes,
    // not till an hour: that one may be set, and be far away then.
    const wait = Math.min(Math.max(0, this.#triedAt + lease / SIGNS - clock.now()), lease / SIGNS);
    host.timers.after(wait, async () => {
      const wasAway = this.#failed;
      if (await this.#during(() => this.#giveSign())) {
        // None of this is waited for: however long it takes, signs of life are given.
        this.#recover();
        this.#look();
        void this.#during(() => host.handover.lookForStrays());
        followers.lookAtSome(wasAway ? Number.POSITIVE_INFINITY : SOME);
      }
      if (!this.#closed) this.#comeBack();
    });
  }

  /** Did it arrive? If it comes late, others may have runs that this process still takes for its own. */
  async #giveSign(): Promise<boolean> {
    const { store, clock, lease, complaints, logger, host } = this.#options;
    const at = clock.now();
    this.#triedAt = at;
    try {
      await store.renew();
    } catch (error) {
      this.#failed = true;
      this.#complain('The store did not take a sign of life', error);
      return false;
    }
    complaints.well(store.name);
    const answered = clock.now();
    // From the last sign to this one's arrival, which is no later than the answer.
    const since = answered - this.#signAt;
    const reason = this.#failed
      ? 'the store was away'
      : answered - at > lease / SIGNS
        ? `the store took ${fromMs(answered - at)} to answer`
        : 'this process was held up, by a body that computes for long, or by a machine with too much to do';
    this.#signAt = at;
    this.#failed = false;
    const wasLate = this.#isLate;
    // Set back, a clock does not tell how long it was.
    this.#isLate = since > lease || since < 0;
    if (!this.#isLate) return true;
    this.#term += 1;
    void this.#during(() => host.handover.lookAfter());
    if (wasLate) return true;
    if (since < 0) {
      const message = `The clock of this machine was set back by more than ${fromMs(-since)}. Others may have taken over runs of this process meanwhile; from now on its signs of life count from the new time.`;
      logger({ level: 'warn', message });
      return true;
    }
    const message = `No sign of life for ${fromMs(since)}, with a lease of ${fromMs(lease)}: ${reason}. Others may have taken over runs of this process. If that happens often, give the box a longer "lease".`;
    logger({ level: 'warn', message });
    return true;
  }

  #complain(what: string, error: unknown): void {
    this.#options.complaints.tell(lineAbout(what, error), error);
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
      // Somebody has asked for it after the last look, and before this.
      if (this.#lookAgain) this.#look();
    });
  }

  async #takeAll(): Promise<void> {
    const { shared } = this.#options;
    do {
      this.#lookAgain = false;
      try {
        const commands = await shared.readCommands(SOME);
        const fresh = commands.filter(({ id }) => !this.#taking.has(id));
        // There are more, which are seen when some of these are answered.
        const isFull = commands.length === SOME;
        // Not waited for: one whose commit fails for a while is not to hold up the others.
        for (const command of fresh)
          void this.#during(() => this.#take(command)).then((isAnswered) => isFull && isAnswered && this.#look());
      } catch (error) {
        this.#complain('Commands of other processes could not be read, which is tried again', error);
      }
    } while (this.#lookAgain && !this.#closed);
  }

  /** Was it answered? */
  async #take({ id, run, body }: CommandRow): Promise<boolean> {
    const { shared } = this.#options;
    this.#taking.add(id);
    try {
      const answer = await this.#answerTo(run, body);
      if (answer === null) return false;
      await shared.answerCommand(id, answer as unknown as JsonObject);
      // It may be one of ours, left when the run was not; of what we do ourselves there are no news.
      this.#callAsking();
      return true;
    } catch (error) {
      this.#complain(`A command of another process to run "${run}" could not be answered, which is tried again`, error);
      return false;
    } finally {
      this.#taking.delete(id);
    }
  }

  /** Null when the run is somebody else's by now, who will answer. */
  async #answerTo(run: string, body: JsonObject): Promise<Answered | null> {
    const { here, store } = this.#options;
    try {
      const request = readCommand(body) as Request;
      if (await here(run, request)) return { done: true, answer: wayOf(request.type).answer(request) };
    } catch (error) {
      if (error instanceof LeaseLost || error instanceof BoxClosed) return null;
      // The store is away for a while: it lies there, and is taken when it is back.
      if (error instanceof StoreUnusable && !error.isLasting) throw error;
      return { error: toRecord(error) };
    }
    const row = await store.readRun(run);
    return row === null || isTerminal(row.status) ? { done: false, answer: null } : null;
  }
}

/** A run that was asked for something, and the answer, if there is one. */
interface Known {
  readonly row: RunRow | null;
  readonly answer: Answered | null;
}

/** An answer as it lies in the store. */
type Answered = { readonly done: boolean; readonly answer: Json } | { readonly error: ErrorRecord };

/** What the owner said, as if it had been said here. */
function heed(answered: Answered, run: string, request: Request): boolean {
  if ('error' in answered) throw new CommandFailed({ run, command: request.type, error: answered.error });
  wayOf(request.type).heed(request, answered.answer);
  return answered.done;
}
