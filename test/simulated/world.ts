/**
 * A world in which time, network and chance are a test's own: processes that share a place in memory, lines to it that are slow,
 * are cut, or lose an answer on its way, and processes that are killed, stopped for a while, and started again. What happens is
 * drawn from a seed, and is the same each time for the same seed.
 */
import { appendFileSync } from 'node:fs';
import { type AnyOrchestrator, createSignalbox, inProcess, type LogLine, type Signalbox } from 'signalbox';
import { StoreUnusable } from 'signalbox/errors';
import { fakeClock } from 'signalbox/testing';
import type { Clock } from '../../src/clock.ts';
import type { Executor } from '../../src/executor.ts';
import { sharedMemory } from '../helpers/shared-memory.ts';
import { dice } from '../helpers/rows.ts';

/** How the lines are, in milliseconds and chances. */
export interface Weather {
  /** What a question and its answer take at the most, each. */
  readonly delay: number;
  /** How often a question gets lost, and how often its answer, of 1. */
  readonly lost: number;
  readonly unheard: number;
  /** How often news do. */
  readonly missed: number;
}

export const CALM: Weather = { delay: 1, lost: 0, unheard: 0, missed: 0 };

/** So long a process waits for an answer, in milliseconds. */
const PATIENCE = 2_000;
export const LEASE = 9_000;

const NEVER = new Promise<never>(() => {});

/** What befalls a question of one process: how much longer it takes, and what becomes of it or of its answer. */
export interface Trouble {
  readonly ms?: number;
  readonly lost?: Error;
  readonly unheard?: Error;
}

type Call = (...args: readonly unknown[]) => unknown;

/** What a world is told of: a process, what it did, and with what. */
export type Tell = (process: string, what: string, args: readonly unknown[], answer: unknown) => void;

export class World {
  readonly clock = fakeClock();
  readonly place = sharedMemory(() => (this.hasClocks ? this.clock.now() : null));
  readonly processes: Process[] = [];
  /** Numbers below another one. */
  readonly below: (limit: number) => number;
  weather: Weather = CALM;
  /** Clocks of processes are set now and then, and the place goes by its own. */
  hasClocks = false;
  tell: Tell = () => {};

  constructor(seed: string) {
    this.below = dice(seed);
  }

  /** Does something happen that happens so often, of 1? */
  happens(often: number): boolean {
    return often > 0 && this.below(1_000_000) < often * 1_000_000;
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T;
  }

  /** Resolves after so much of this world's time. */
  after(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.wakeAfter(ms, resolve));
  }

  get living(): readonly Process[] {
    return this.processes.filter(({ isDead }) => !isDead);
  }

  /** Writes down, in `trace.txt` where the test is run, what is logged, and what is asked and answered about something. */
  trace(about: string): void {
    const start = this.clock.now();
    this.tell = (process, what, args, answer) => {
      const text = JSON.stringify([args, answer instanceof Error ? answer.message : answer]);
      if (what.startsWith('log') || text.includes(about))
        appendFileSync('trace.txt', `${this.clock.now() - start} ${process} ${what} ${text}\n`);
    };
  }

  /** Begins a process, which opens its box as soon as it can. */
  process(orchestrators: readonly AnyOrchestrator[], options: object = {}): Process {
    const made = new Process(this, String.fromCharCode(97 + this.processes.length), orchestrators, options);
    this.processes.push(made);
    return made;
  }

  /** Lets time go by, in steps, until it is over or there is nothing more to wait for. */
  async pass(ms: number, step: number, meanwhile: () => boolean = () => true): Promise<void> {
    for (let passed = 0; passed < ms && meanwhile(); passed += step) await this.clock.advance(step);
  }
}

/** A process with a box. */
export class Process {
  readonly name: string;
  box: Signalbox | null = null;
  /** `run seq at` of the events that its box has told. */
  readonly heard: string[] = [];
  isDead = false;
  isCut = false;
  /** By so much its clock is wrong, in milliseconds. */
  wrong = 0;
  /** Befalls this one alone. */
  trouble: (what: string, args: readonly unknown[]) => Trouble | undefined = () => undefined;
  readonly #world: World;
  #claimed: string[] = [];
  #still: PromiseWithResolvers<void> | null = null;

  constructor(world: World, name: string, orchestrators: readonly AnyOrchestrator[], options: object) {
    this.#world = world;
    this.name = name;
    void this.#open(orchestrators, options);
  }

  get isStopped(): boolean {
    return this.#still !== null;
  }

  /** Nothing of it reaches anything any more, and nothing reaches it. */
  kill(): void {
    this.isDead = true;
    this.box = null;
  }

  /** As by SIGSTOP; what comes meanwhile comes when it goes on. */
  stop(): void {
    this.#still ??= Promise.withResolvers();
  }

  goOn(): void {
    this.#still?.resolve();
    this.#still = null;
  }

  async #open(orchestrators: readonly AnyOrchestrator[], options: object): Promise<void> {
    while (!this.isDead) {
      try {
        const logger = (line: LogLine): void => {
          if (line.level !== 'debug') this.#world.tell(this.name, `log ${line.level}`, [line.message], undefined);
        };
        const box = await createSignalbox({
          orchestrators,
          store: this.#line(this.#world.place.open()),
          clock: this.#clock(),
          executor: (bodies) => this.#executor(inProcess(bodies)),
          lease: LEASE,
          idleRuns: 2,
          logger,
          ...options,
        });
        if (this.isDead) return;
        this.box = box as unknown as Signalbox;
        this.box.on('*', ({ run, seq, at }) => void this.heard.push(`${run} ${seq} ${at}`));
        return;
      } catch {
        await this.#world.after(1_000);
      }
    }
  }

  /** Goes on when the process does. */
  async #awake(): Promise<void> {
    while (this.#still !== null) await this.#still.promise;
    if (this.isDead) await NEVER;
  }

  #clock(): Clock {
    const { clock } = this.#world;
    return {
      now: () => clock.now() + this.wrong,
      elapsed: () => clock.elapsed?.() ?? clock.now(),
      isSteady: false,
      wakeAfter: (ms, wake) => {
        let isOff = false;
        const stop = clock.wakeAfter(ms, () => void this.#awake().then(() => isOff || wake()));
        return () => {
          isOff = true;
          stop();
        };
      },
    };
  }

  /** A body takes its time, and what it answers in a process that is dead nobody hears. */
  #executor(inner: Executor): Executor {
    const world = this.#world;
    return {
      execute: (job, answer) => {
        world.tell(this.name, 'begin', [job.key], undefined);
        inner.execute(job, (given) => {
          void world.after(1 + world.below(world.weather.delay)).then(async () => {
            await this.#awake();
            answer(given);
          });
        });
      },
    };
  }

  /** A store at the other end of a line. */
  #line<T extends object>(whole: T, under = ''): T {
    return new Proxy(whole, {
      get: (target, name) => {
        const member: unknown = target[name as keyof T];
        if (typeof member === 'object' && member !== null) return this.#line(member, `${under}${String(name)}.`);
        if (typeof member !== 'function') return member;
        return (...args: readonly unknown[]) => this.#ask(`${under}${String(name)}`, member as Call, target, args);
      },
    });
  }

  async #ask(what: string, call: Call, of: object, args: readonly unknown[]): Promise<unknown> {
    const world = this.#world;
    const given = what === 'shared.listen' ? [this.#hearing(args[0] as (news: unknown) => void)] : args;
    await this.#awake();
    const trouble = this.trouble(what, args);
    if (trouble?.ms !== undefined) await world.after(trouble.ms);
    await this.#travel(() => world.weather.lost);
    let answer: unknown;
    let error: unknown = null;
    try {
      if (trouble?.lost !== undefined) throw trouble.lost;
      answer = await call.apply(of, given as unknown[]);
    } catch (thrown) {
      error = thrown;
    }
    // What a store closes is closed at once for whoever is at its end of the line.
    world.tell(this.name, what, given, error ?? answer);
    if (what === 'claim' && error === null) {
      // What the last one took and nobody heard of comes with the next one: a store keeps that in mind (`Store.claim`).
      this.#claimed.push(...(answer as readonly string[]));
      answer = this.#claimed;
    }
    await this.#travel(() => world.weather.unheard);
    await this.#awake();
    if (trouble?.unheard !== undefined) throw trouble.unheard;
    if (what === 'claim') this.#claimed = [];
    if (error !== null) throw error;
    return answer;
  }

  async #travel(chance: () => number): Promise<void> {
    const world = this.#world;
    await world.after(1 + world.below(world.weather.delay));
    if (!this.isCut && !world.happens(chance())) return;
    await world.after(PATIENCE);
    await this.#awake();
    throw new StoreUnusable({ store: 'the place', reason: 'nothing answers' });
  }

  #hearing(heard: (news: unknown) => void): (news: unknown) => void {
    const world = this.#world;
    return (news) => {
      void world.after(1 + world.below(world.weather.delay)).then(async () => {
        if (this.isCut || world.happens(world.weather.missed)) return;
        await this.#awake();
        world.tell(this.name, 'hears', [news], undefined);
        heard(news);
      });
    };
  }
}
