/**
 * Everything that a box answers when it is asked, moment after moment, as text that people can read and compare: of the answer to a
 * question, what has changed since the moment before. Each question is asked through a handle that notes which methods were called.
 */
import type { ActorSnapshot, LogLine, ReadEvent, RunSnapshot, Schedule, Signalbox } from 'signalbox';
import { STATUSES } from '../../src/status.ts';
import type { StepExplanation } from '../../src/charts/explain.ts';
import { folding } from './folding.ts';
import { isThing, isUsual, newsOf, printed, written } from './news.ts';

type Asked = Map<string, Set<string>>;

/** Every method of a handle that was called, by the name of its class. */
const asked: Asked = new Map();

/** The methods and getters of a class that no interview has asked. */
export function unasked({ name, prototype }: { readonly name: string; readonly prototype: object }): readonly string[] {
  return Object.getOwnPropertyNames(prototype).filter(
    (method) => method !== 'constructor' && !asked.get(name)?.has(method),
  );
}

/** A handle whose methods are noted when they are called. */
export function noted<T extends object>(handle: T): T {
  const { name } = handle.constructor;
  const known = asked.get(name) ?? new Set();
  asked.set(name, known);
  return new Proxy(handle, {
    get(target, method) {
      if (typeof method === 'string') known.add(method);
      const member: unknown = Reflect.get(target, method, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** What came of it: the answer, or what was thrown. */
export async function cameTo(work: () => unknown): Promise<unknown> {
  try {
    const made = work();
    return isSequence(made) ? await all(made) : await made;
  } catch (thrown) {
    const { code, name, message } = thrown as Error & { readonly code?: string };
    return `throws ${code ?? name}: ${message}`;
  }
}

function isSequence(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

export async function all(sequence: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const each of sequence) found.push(each);
  return found;
}

export class Interview {
  readonly lines: string[] = [];
  readonly #isBrief: boolean;
  readonly #fold: (name: string, value: unknown) => unknown;
  readonly #before = new Map<string, unknown>();
  readonly #beforeBeside = new Map<string, readonly string[]>();
  /** The first approval as it was opened: of others is said what they have otherwise. */
  #first: object | null = null;
  readonly #errors = new Map<string, string>();
  readonly #logged: LogLine[] = [];
  readonly #heard: ReadEvent[] = [];

  /** `isBrief`: of events are told only those that say an error. */
  constructor(start: number, isBrief = false) {
    this.#isBrief = isBrief;
    const fold = folding(start);
    // An error is said in whole once, with the event that tells of it.
    this.#fold = (name, value) => (isThing(value) ? (this.#errors.get(keyOf(value)) ?? value) : fold(name, value));
  }

  readonly note = (line: string): void => void this.lines.push(`### ${this.#text(line)}`);
  readonly logger = (line: LogLine): void => void this.#logged.push(line);
  readonly opened = (box: Signalbox): void => void noted(box).on('*', (event) => this.#heard.push(event));

  /** Asks a box everything that it can be asked at any time, of all of its runs. */
  readonly asks = async (given: Signalbox): Promise<void> => {
    const box = noted(given);
    await box.recovered;
    for (const { level, message, ...more } of this.#logged.splice(0))
      if (level !== 'debug' || !this.#heard.some((event) => isLineOf(event, message, more)))
        this.lines.push(`log ${level} ${this.#text(message)}${this.#rest(more)}`);
    const { runs } = await box.runs({ limit: 1_000 });
    await this.#box(box);
    for (const { run } of runs) await this.#run(box, run);
    for (const id of await all(box.schedules())) await this.#schedule(box, id as string);
  };

  async #box(box: Signalbox): Promise<void> {
    const { turns: _, commits: __, ...counts } = box.counts;
    this.#say('counts', counts);
    this.#say('quiet', box.quiet);
    this.#say('under way', (box as unknown as { underWay: object }).underWay);
    await this.#list('runs', 'runs', (query) => box.runs(query), {
      ...Object.fromEntries(STATUSES.map((status) => [status, { status }])),
      'of r': { parent: 'r' },
      'again r': { rerunOf: 'r' },
      newest: { order: 'newest' },
      acme: { metadata: { tenant: 'acme' } },
      'version 1': { version: '1' },
      scheduled: { orchestrator: 'scheduled' },
    });
    await this.#list('approvals', 'approvals', (query) => box.approvals(query), {
      ...Object.fromEntries(
        ['pending', 'claimed', 'resolved', 'expired', 'withdrawn', 'any'].map((status) => [status, { status }]),
      ),
      "ann's": { mine: { user: 'ann' } },
      "a boss's": { mine: { user: 'kim', roles: ['boss'] } },
      'any boss': { role: 'boss' },
      'of r': { run: 'r', status: 'any' },
      'of asked': { orchestrator: 'asked', status: 'any' },
      soon: { before: '2026-01-01T01:00:00.001Z' },
    });
    const { approvals } = await box.approvals({ status: 'any', limit: 1_000 });
    for (const { id, ...rest } of approvals) {
      const asked = `approval ${id}`;
      if (this.#first !== null && !this.#before.has(asked)) {
        this.#before.set(asked, rest);
        this.lines.push(...printed(`${asked}, beside the first`, newsOf(this.#first, rest, this.#fold)));
      }
      this.#first ??= rest;
      this.#say(asked, rest);
      const view = await box.approval(id);
      await this.#beside(`view of ${id}`, { id, ...rest, history: view?.history }, () => view);
      this.#told(
        `said to ${id}`,
        (view?.history ?? []).map(({ act: type, approval: _, ...said }) => ({ type, ...said })),
      );
    }
    await this.#list('budgets', 'budgets', (query) => box.budgets(query), {
      'of spends': { task: 'spends' },
      shared: { budget: 'shared' },
      'of acme': { key: 'acme' },
    });
  }

  /** All that is in a list, whole; and of the narrower ones, which are in it. A page with one each has to come to the same. */
  async #list(
    name: string,
    of: string,
    ask: (query: never) => Promise<object>,
    narrower: { readonly [called: string]: object },
  ): Promise<void> {
    const list = async (query: object): Promise<unknown[]> =>
      ((await ask({ limit: 1_000, ...query } as never)) as { readonly [of: string]: unknown[] })[of] as unknown[];
    const whole = await list({});
    if (of === 'approvals') this.#names(name, whole);
    else this.#say(name, whole);
    for (const [called, query] of [['all', {}], ...Object.entries(narrower)] as [string, object][]) {
      const found = await list(query);
      if (called !== 'all') this.#names(`${name} ${called}`, found);
      const paged: unknown[] = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = (await ask({ ...query, limit: 1, ...(cursor === undefined ? {} : { cursor }) } as never)) as {
          readonly [of: string]: unknown[];
        } & { readonly cursor: string | null };
        paged.push(...(page[of] as unknown[]));
        cursor = page.cursor;
      }
      await this.#beside(`${name} ${called}, a page each`, found, () => paged);
    }
  }

  async #run(box: Signalbox, id: string): Promise<void> {
    const run = noted(box.run(id));
    const say = (name: string, work: () => unknown): Promise<unknown> => this.#ask(`${id} ${name}`, work);
    const beside = (name: string, base: unknown, work: () => unknown): Promise<void> =>
      this.#beside(`${id} ${name}`, base, work);
    const row = (await box.runs({ limit: 1_000 })).runs.find((each) => each.run === id);
    const history = (await all(run.history())) as ReadEvent[];
    const told = this.#isBrief ? history.filter((event) => 'error' in event) : history;
    this.#told(
      `${id} event`,
      told.map(({ run: _, metadata: __, ...event }) => event),
    );
    for (const event of history)
      if ('error' in event && event.error && !this.#errors.has(keyOf(event.error)))
        this.#errors.set(keyOf(event.error), `<error of ${this.#text(id)}, event ${event.seq}>`);
    const heard = this.#heard.filter(({ run: of }) => of === id);
    await beside('heard', history, () => heard);
    for (const after of [1, history.length - 1, history.length, history.length + 1])
      await beside(`history after ${after - history.length}`, history.slice(Math.max(after, 0)), () =>
        run.history({ after: Math.max(after, 0) }),
      );
    const facts = (seq: number) => ({ seq: seq + 1, run: id, metadata: row?.metadata });
    await beside(
      'history, its facts',
      history.map((event, at) => ({ ...event, ...facts(at) })),
      () => history,
    );
    const status = await run.status();
    const snapshot = (await say('snapshot', () => run.snapshot())) as RunSnapshot;
    await beside('status', snapshot.status, () => status);
    const now = { ...snapshot, seq: history.length, at: history.at(-1)?.at, notKept: {} };
    await beside('at the end', now, () => run.at(history.length));
    await beside('inspected', snapshot, async () => (await run.inspected()).run);
    await say('explain', async () => {
      const { steps, at: _, ...rest } = await run.explain();
      return { ...rest, steps: steps.map((step) => unlike(step, snapshot)) };
    });
    const places = [...Object.keys(snapshot.tracks), ...Object.keys(snapshot.steps)];
    await say('allowed', async () => {
      const found: { [path: string]: readonly string[] } = { run: await run.allowed() };
      for (const path of places) found[path] = await run.allowed(path);
      return found;
    });
    for (const path of places)
      await beside(`attempts at ${path}`, attemptsIn(snapshot.steps[path] ?? snapshot.tracks[path]), () => {
        return run.attempts(path);
      });
    this.#told(`${id} intervention`, await all(run.interventions()));
    this.#told(`${id} audit`, await all(run.audit()));
    await beside('approvals', (await box.approvals({ run: id, status: 'any' })).approvals, async () => {
      return (await run.approvals()).approvals;
    });
    await beside('children', (await box.runs({ parent: id })).runs, () => run.children());
    const exported = await run.export();
    await beside('export, the run', row, () => exported.run);
    const stored = history.map(({ metadata: _, ...event }) => event);
    await beside('export, its events', stored, () => exported.events);
    await say('export, for import', () => exported.forImport?.needs ?? exported.forImport);
    await say('taken', () => run.taken());
    if (!STATUSES.slice(STATUSES.indexOf('completed')).includes(status)) return;
    await say('outcome', () => run.outcome());
    await say('result', async () => ({ value: await run.result() }));
    await beside('events', history, () => run.events());
    await say('timeline', () => run.timeline({ format: 'text' }));
    await say('diagram', () => run.diagram({ format: 'text' }));
  }

  async #schedule(box: Signalbox, id: string): Promise<void> {
    const schedule: Schedule = noted(await box.schedule(id));
    await this.#ask(`schedule ${id}`, () => schedule.state());
    await this.#ask(`schedule ${id}, preview`, () => schedule.preview(2));
    this.#told(`schedule ${id} audit`, await all(schedule.audit()));
  }

  async #ask(question: string, work: () => unknown): Promise<unknown> {
    const answer = await cameTo(work);
    this.#say(question, answer);
    return answer;
  }

  /** What has to be as something else that was said already: only where it is not. */
  async #beside(question: string, base: unknown, work: () => unknown): Promise<void> {
    const lines = printed(this.#text(question), newsOf(base, await cameTo(work), this.#fold), 0);
    const before = this.#beforeBeside.get(question) ?? [];
    this.#beforeBeside.set(question, lines);
    this.lines.push(...lines.filter((line) => !before.includes(line)));
    if (lines.length === 0 && before.length > 0) this.lines.push(`${this.#text(question)}: as it should be`);
  }

  /** What came one after the other: what is new. What was told before may not have become something else. */
  #told(question: string, list: readonly unknown[]): void {
    const before = (this.#before.get(question) ?? []) as readonly string[];
    const now = list.map((each) => {
      const { at, type, path = null, seq: _, ...rest } = each as { readonly [name: string]: unknown };
      const said = Object.entries(rest).filter(([name, value]) => !isUsual(value, name));
      const place = path === null || path === '' ? '' : ` ${path}`;
      const more = said.length === 0 ? '' : ` ${written(Object.fromEntries(said), this.#fold)}`;
      return `${this.#fold('', at)} ${type}${this.#text(place)}${more}`;
    });
    const raw = list.map((each) => JSON.stringify(each));
    this.#before.set(question, raw);
    for (const [index, line] of now.entries())
      if (raw[index] !== before[index])
        this.lines.push(
          `${this.#text(question)} ${numberOf(list[index], index)}${index < before.length ? ' has become' : ''}: ${line}`,
        );
    if (now.length < before.length) this.lines.push(`${this.#text(question)}: only ${now.length} are left`);
  }

  /** Which are in a list: what has come and gone, or all of it where it stands in another order. */
  #names(question: string, list: readonly unknown[]): void {
    const names = list.map(nameOf);
    const before = (this.#before.get(question) ?? []) as readonly string[];
    this.#before.set(question, names);
    const [come, gone] = [without(names, before), without(before, names)];
    const expected = [...without(before, gone), ...come];
    const asExpected = question.includes('newest') ? [...come.toReversed(), ...without(before, gone)] : expected;
    const all = JSON.stringify(asExpected) === JSON.stringify(names) ? [] : [`all: ${names.join(', ')}`];
    const said = [...come.map((each) => `+${each}`), ...gone.map((each) => `-${each}`), ...all];
    if (said.length > 0) this.lines.push(this.#text(`${question}: ${said.join(' ')}`));
  }

  #say(question: string, answer: unknown): void {
    const before = this.#before.get(question);
    this.#before.set(question, answer);
    // What is as nothing at the first moment is not said.
    if (before === undefined && (answer === '' || (Array.isArray(answer) && answer.length === 0))) return;
    if (typeof answer === 'string' && answer.includes('\n') && answer !== before) {
      const drawn = this.#text(answer).trimEnd().split('\n');
      this.lines.push(`${this.#text(question)}:`, ...drawn.map((line) => `  ${line}`.trimEnd()));
    } else this.lines.push(...printed(this.#text(question), newsOf(before, answer, this.#fold)));
  }

  #text(text: string): string {
    return this.#fold('', text) as string;
  }

  #rest(more: object): string {
    const { run: _, error, ...rest } = more as Omit<LogLine, 'level' | 'message'>;
    const said = { ...rest, ...(error === undefined ? {} : { error: String(error).slice(0, 40) }) };
    return Object.keys(said).length === 0 ? '' : ` ${written(said, this.#fold)}`;
  }
}

/** Is this what every event is told with? */
function isLineOf({ type, path, ...event }: ReadEvent, message: string, line: object): boolean {
  const attempt = 'attempt' in event ? { attempt: event.attempt } : {};
  const whole = { run: event.run, path, ...attempt };
  return message === `${type} ${path}`.trim() && JSON.stringify(line) === JSON.stringify(whole);
}

/** What is said of a step beside what its snapshot says. */
function unlike(step: StepExplanation, { steps, tracks }: RunSnapshot): object {
  const { status, waitingFor } = steps[step.path] ?? tracks[step.path] ?? {};
  const { since = null, due: until = null } = (waitingFor ?? {}) as { readonly since?: number; readonly due?: number };
  const same = { status, waitingFor, since, until } as { readonly [name: string]: unknown };
  return Object.fromEntries(
    Object.entries(step).filter(
      ([name, value]) => !(name in same) || JSON.stringify(value) !== JSON.stringify(same[name]),
    ),
  );
}

/** As a snapshot has them; the last one had what the step has. */
function attemptsIn({ attempts, input, output }: ActorSnapshot = {} as ActorSnapshot): unknown {
  return attempts.map((each, at) => (at === attempts.length - 1 ? { ...each, input, output } : each));
}

function numberOf(each: unknown, index: number): number {
  return (each as { readonly seq?: number }).seq ?? index + 1;
}

function keyOf(value: object): string {
  return 'code' in value && 'message' in value ? written(value, (_, each) => each) : '';
}

function without(list: readonly string[], others: readonly string[]): readonly string[] {
  return list.filter((each) => !others.includes(each));
}

function nameOf(each: unknown): string {
  const { run, id, task, budget, key } = each as { readonly [name: string]: string | undefined };
  return id ?? (task === undefined ? run : [task, budget, key].filter(Boolean).join('.')) ?? '';
}
