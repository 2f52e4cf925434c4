/**
 * What becomes of commits that fail, in every way, whatever is in them and whatever happens meanwhile: what is asked of the store, what
 * the log says, what listeners hear and what each caller is told, as `commit-course.txt` has it. What people are told at night is part
 * of it: a change there is read before it is taken over (`npx vitest run FILE -u`).
 */
import {
  createSignalbox,
  type LogLine,
  memory,
  orchestrator,
  type RunEvent,
  type Signalbox,
  type Store,
  track,
} from 'signalbox';
import { CommitConflict, LeaseLost, RunExists, StoreLost, StoreUnusable } from 'signalbox/errors';
import type { RunChange } from 'signalbox/store';
import { type FakeClock, settled } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { Anything, type Desk, stage, work } from '../helpers/stage.ts';
import { head } from '../helpers/waits.ts';

const flow = orchestrator('flow', { ...head, onFailure: 'continue' })
  .track('a', track('a', { input: Anything }).step('work', work))
  .track('w', track('w', { input: Anything }).wait('one', { signal: 'go' }).wait('two', { signal: 'go' }))
  .track('s', track('s', { input: Anything }).sleep('rest', '1h'));

/** What becomes of a commit: it is on the disk, or nobody hears so, or an error says something else. */
type End = 'lands' | 'unheard' | Error;
/** By the number of the commit from the beginning of the case on, what it has, and the milliseconds since then. */
type Fate = (number: number, changes: readonly RunChange[], passed: number) => End;

const full = new StoreUnusable({ store: 'disk', reason: 'the disk is full.' });
const never = new StoreUnusable({ store: 'disk', reason: 'a value does not fit.', isLasting: true });
const first =
  (end: End): Fate =>
  (number) =>
    number === 1 ? end : 'lands';
const has = (changes: readonly RunChange[], text: string): boolean => JSON.stringify(changes).includes(text);

const FATES: { readonly [name: string]: Fate } = {
  'it is lost': first(new Error('the connection is gone')),
  'it lands unheard': first('unheard'),
  'the disk is full three times': (number) => (number <= 3 ? full : 'lands'),
  'the run has moved on': (number, changes) =>
    number === 1 ? new CommitConflict({ run: changes[0]?.run ?? '', expected: 1, found: 9 }) : 'lands',
  'the lease is lost': (number, changes) =>
    number === 1 ? new LeaseLost({ run: changes[0]?.run ?? '', owner: 'other', fence: 2 }) : 'lands',
  'the id is taken': (number, changes) =>
    number === 1 && changes[0]?.after === 0 ? new RunExists({ run: changes[0].run, differs: 'input' }) : 'lands',
  'what is in it is never taken': (_, changes) => (has(changes, 'poison') ? never : 'lands'),
  'nothing is taken for a second': (_number, _changes, passed) => (passed < 1_000 ? never : 'lands'),
  'it is refused, and then the disk is full': (number) => (number === 1 ? never : number === 2 ? full : 'lands'),
  'a value has no words': first(new RangeError('Invalid time value')),
  'the store is somebody else’s': first(new StoreLost({ store: 'disk', reason: 'it was replaced.' })),
};

class Scene {
  readonly lines: string[] = [];
  readonly pending: (() => Promise<void>)[] = [];
  fate: Fate = () => 'lands';
  number = 0;
  since = 0;
  isTold = false;
  box!: Signalbox;
  desk!: Desk;
  clock!: FakeClock;

  /** Says something once the case has begun. */
  note = (line: string): void => {
    if (this.isTold) this.lines.push(line);
  };

  /** What is heard of one run without anything in between stands on one line. */
  hear({ run, seq, type, path }: RunEvent): void {
    const heard = `  heard of ${run}: `;
    const said = `${seq} ${type} ${path}`.trim();
    const last = this.lines.at(-1);
    if (this.isTold && last?.startsWith(heard)) this.lines[this.lines.length - 1] = `${last}, ${said}`;
    else this.note(heard + said);
  }

  /** Asks for something, and says what came of it. */
  ask(what: string, work: () => unknown): void {
    this.note(what);
    const tell = (found: string): void => this.note(`  ${what} → ${found}`);
    const wrong = (error: unknown): void => tell(`${(error as Error).name}: ${(error as Error).message}`);
    try {
      Promise.resolve(work()).then((answer) => tell(JSON.stringify(answer) ?? 'done'), wrong);
    } catch (error) {
      wrong(error);
    }
  }

  get store(): Store {
    const inner = memory();
    const commit = (changes: readonly RunChange[]): Promise<void> => {
      this.number += 1;
      const { number } = this;
      for (const { run, after, events } of changes)
        this.note(
          `  commit ${number}: ${run} behind ${after}, ${events.map(({ type, path }) => `${type} ${path}`.trim()).join(', ')}`,
        );
      return new Promise((resolve, reject) => {
        this.pending.push(async () => {
          const end = this.fate(number, changes, this.clock.now() - this.since);
          const said = end instanceof Error ? `fails, ${end.name}` : end;
          this.note(`  commit ${number} ${said}`);
          try {
            if (!(end instanceof Error)) await inner.commit(changes);
            if (end === 'lands') resolve();
            else reject(end === 'unheard' ? new Error('the connection is gone') : end);
          } catch (error) {
            this.note(`  commit ${number} cannot land: ${(error as Error).name}`);
            reject(error);
          }
        });
      });
    };
    return new Proxy(inner, {
      get: (target, name: keyof Store) => {
        if (name === 'commit') return commit;
        const member: unknown = target[name];
        if (typeof member !== 'function') return member;
        return (...given: unknown[]): unknown => {
          this.note(`  asks ${name} ${given.map((each) => JSON.stringify(each)).join(' ')}`);
          return (member as (...values: unknown[]) => unknown).apply(target, given);
        };
      },
    });
  }

  /** Answers the commits that are under way, and those that follow from that. */
  async answer(): Promise<void> {
    await settled();
    for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift()) {
      await next();
      await settled();
    }
  }

  async start(id: string): Promise<void> {
    this.ask(`start ${id}`, async () => (await this.box.start(flow, { id, input: null })).id);
    await this.answer();
  }
}

interface Case {
  readonly options?: object;
  before?(scene: Scene): Promise<unknown>;
  play(scene: Scene): unknown;
}

const signal = (scene: Scene, run: string, payload: unknown): void =>
  scene.ask(`signal ${run} ${JSON.stringify(payload)}`, () =>
    scene.box.signal(run, 'go', payload, { id: `id of ${payload}` }),
  );

async function follow({ box, note }: Scene): Promise<void> {
  for await (const { seq, type } of box.run('r').events({ after: 7 })) note(`  followed: ${seq} ${type}`);
}

const one = { before: (scene: Scene) => scene.start('r') };
const two = {
  async before(scene: Scene) {
    await scene.start('r');
    await scene.start('q');
  },
};

const CASES: { readonly [name: string]: Case } = {
  'a start': {
    play: (scene) => scene.ask('start r', async () => (await scene.box.start(flow, { id: 'r', input: 'poison' })).id),
  },
  'two starts in one commit': {
    play(scene) {
      scene.ask('start q', async () => (await scene.box.start(flow, { id: 'q', input: null })).id);
      scene.ask('start r', async () => (await scene.box.start(flow, { id: 'r', input: 'poison' })).id);
    },
  },
  'an answer': { ...one, play: ({ desk }) => desk.give('a/work#1', 'poison') },
  'a signal': { ...one, play: (scene) => signal(scene, 'r', 'poison') },
  'a signal to a run that was let go of': {
    ...two,
    options: { idleRuns: 0 },
    play: (scene) => signal(scene, 'r', 'poison'),
  },
  'a cancel': { ...one, play: (scene) => scene.ask('cancel r', () => scene.box.run('r').cancel({ reason: 'poison' })) },
  'a cancel that ends the run, and a signal while it is committed': {
    async before(scene) {
      await scene.start('r');
      scene.desk.give('a/work#1');
      await scene.answer();
    },
    async play(scene) {
      scene.ask('outcome r', () => scene.box.run('r').outcome());
      scene.ask('cancel r', () => scene.box.run('r').cancel());
      await settled();
      signal(scene, 'r', 'poison');
    },
  },
  'a pause, with somebody who follows the run': {
    ...one,
    async play(scene) {
      scene.ask('follow r', () => follow(scene));
      scene.ask('outcome r', () => scene.box.run('r').outcome());
      await settled();
      scene.ask('pause r', () => scene.box.run('r').pause());
    },
  },
  'an answer, and the box is closed before it is committed': {
    ...one,
    async play(scene) {
      scene.desk.give('a/work#1', 'poison');
      scene.ask('close', () => scene.box.close());
      await settled();
    },
  },
  'the end of a sleep': { ...one, play: ({ clock }) => clock.advance('1h') },
  'an answer and a signal in one commit': {
    ...one,
    play(scene) {
      scene.desk.give('a/work#1', 'fine');
      signal(scene, 'r', 'poison');
    },
  },
  'two signals to a run in one commit': {
    ...one,
    play(scene) {
      signal(scene, 'r', 'poison');
      signal(scene, 'r', 'next');
    },
  },
  'signals to two runs in one commit': {
    ...two,
    play(scene) {
      signal(scene, 'q', 'fine');
      signal(scene, 'r', 'poison');
    },
  },
  'a signal, and others while it is committed': {
    ...two,
    async play(scene) {
      signal(scene, 'r', 'poison');
      await settled();
      signal(scene, 'r', 'later');
      signal(scene, 'q', 'beside');
      await settled();
    },
  },
  'a signal, and the box is closed while it is committed': {
    ...one,
    async play(scene) {
      signal(scene, 'r', 'poison');
      await settled();
      scene.ask('close', () => scene.box.close());
      await settled();
    },
  },
};

/** An id that was made by chance. */
const CHANCE = /(?<![\w-])(?=[\w-]*[A-Z0-9])[\w-]{21}(?![\w-])/g;

async function told(each: Case, fate: Fate): Promise<readonly string[]> {
  const scene = new Scene();
  const { desk, clock, options } = stage();
  const logger = ({ level, message }: LogLine): void =>
    void (level === 'debug' || scene.note(`  ${level}: ${message}`));
  const opening = createSignalbox({ ...options, orchestrators: [flow], store: scene.store, logger, ...each.options });
  const box = (await opening) as unknown as Signalbox;
  Object.assign(scene, { desk, clock, box });
  box.on('*', (event) => scene.hear(event));
  await each.before?.(scene);
  Object.assign(scene, { isTold: true, number: 0, since: clock.now(), fate });
  await each.play(scene);
  await scene.answer();
  for (const wait of ['100ms', '1s', '10s'] as const) {
    const before = scene.lines.length;
    scene.note(`${wait} later`);
    await clock.advance(wait);
    await scene.answer();
    if (scene.lines.length === before + 1) scene.lines.pop();
  }
  scene.isTold = false;
  const closing = box.close();
  await scene.answer();
  await closing;
  return scene.lines.map((line) => line.replaceAll(CHANCE, '<id>').trimEnd());
}

test('a commit that fails is read again, repeated, given back or given up, and all who wait are told (I3, S37)', async () => {
  const lines: string[] = [];
  for (const [name, each] of Object.entries(CASES))
    for (const [what, fate] of Object.entries(FATES))
      lines.push(`## ${name}: ${what}`, ...(await told(each, fate)), '');

  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('./commit-course.txt');
});
