/**
 * What processes that share a place say to it and to each other is what `talks.txt` says, call by call, while runs change hands, are
 * asked for things from elsewhere, and lines break. Servers carry this load, and processes of two versions talk to each other: a
 * change there is read before it is taken over (`npx vitest run test/simulated/talks.test.ts -u`).
 */
import { type AnyOrchestrator, orchestrator, type Signalbox, task, track } from 'signalbox';
import type { RunChange } from 'signalbox/store';
import { expect, test } from 'vitest';
import { Anything } from '../helpers/stage.ts';
import { type Process, World } from './world.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const body = (name: string, more: object = {}) =>
  task(name, { input: Anything, output: Anything, run: async ({ input: it }) => it, ...more });
const waits = orchestrator('waits', head).track(
  't',
  track('t', input).wait('w', { signal: 'go' }).step('s', body('then')),
);
const long = orchestrator('long', head).track(
  't',
  track('t', input).step('s', body('long', { run: () => new Promise(() => {}), cleanup: () => {} })),
);
const naps = orchestrator('naps', head).track('t', track('t', input).sleep('n', '20s').step('s', body('after')));
const asks = orchestrator('asks', head).track('t', track('t', input).approval('a', { ask: 'Well?' }));
const draws = orchestrator('draws', head).track(
  't',
  track('t', input).step('s', body('draw', { budget: { limit: 1, per: '1d' } })),
);
const parent = orchestrator('parent', head).track('t', track('t', input).run('c', waits));
const unknown = orchestrator('unknown', head).track('t', track('t', input).wait('w', { signal: 'go' }));
const flows: readonly AnyOrchestrator[] = [waits, long, naps, asks, draws, parent];

/** Two processes, and how what they say is written down. */
class Scene {
  readonly world = new World('calm');
  readonly lines: string[] = [];
  readonly #names = new Map<string, string>();
  readonly #start: number;

  constructor() {
    this.#start = this.world.clock.now();
    this.world.tell = (process, what, args, answer) =>
      this.note(`${process} ${said(what, args, answer, (value) => this.#brief(value))}`);
  }

  /** What chance made is called by its turn, and times count from the beginning. */
  #fold(text: string): string {
    return text
      .replaceAll(/(?<![\w-])[\w-]{21}(?![\w-])|(?<=\.)[0-9a-f]{20}(?![\w-])/g, (id) => {
        if (!/\d|[A-Z].*[a-z]/.test(id)) return id;
        if (!this.#names.has(id)) this.#names.set(id, `<id ${this.#names.size + 1}>`);
        return this.#names.get(id) as string;
      })
      .replaceAll(/\b1[78]\d{11}\b/g, (time) =>
        Number(time) >= this.#start ? `+${Number(time) - this.#start}` : time,
      );
  }

  #brief(value: unknown): string {
    const text = this.#fold(JSON.stringify(value) ?? 'nothing');
    return text.length > 150 ? `${text.slice(0, 140)}…` : text;
  }

  note(line: string): void {
    const at = this.world.clock.now() - this.#start;
    this.lines.push(`${String(at).padStart(6)} ${this.#fold(line)}`);
  }

  async open(orchestrators: readonly AnyOrchestrator[] = flows): Promise<Process & { readonly box: Signalbox }> {
    const process = this.world.process(orchestrators, { idleRuns: 10 });
    await this.world.pass(10_000, 10, () => process.box === null);
    return process as Process & { readonly box: Signalbox };
  }

  /** Does something, and waits for what comes of it, for so long. */
  async say(what: string, done: Promise<unknown>, ms = 5_000): Promise<void> {
    this.note(`-- ${what}`);
    let end = 'nothing yet';
    void done.then(
      (value) => {
        end = JSON.stringify(value === undefined ? null : value) ?? 'null';
      },
      (error: Error) => {
        end = `${error.name}: ${error.message}`;
      },
    );
    await this.world.pass(ms, 100, () => end === 'nothing yet');
    this.note(`-- ${what}: ${end}`);
  }

  async later(ms: number): Promise<void> {
    this.note(`-- ${ms} ms go by`);
    await this.world.pass(ms, 100);
  }
}

function said(what: string, args: readonly unknown[], answer: unknown, brief: (value: unknown) => string): string {
  if (what.startsWith('log')) return `${what} ${args[0]}`;
  if (what === 'hears') return `hears ${brief(args[0])}`;
  if (what === 'begin') return `begins ${args[0]}`;
  const end = answer instanceof Error ? `fails: ${answer.message}` : brief(answer);
  if (what === 'commit') {
    const changes = args[0] as readonly RunChange[];
    const runs = changes.map(
      ({ run, fence, after, events, row }) =>
        `${run} fence ${fence} ${after}+${events.length}${row === null ? '' : ` ${row.status}`}`,
    );
    return `commit ${runs.join(', ')}${answer === undefined ? '' : ` → ${end}`}`;
  }
  if (what === 'claim') return `claim ${args[0]} → ${end}`;
  if (what === 'open' || what === 'saveDefinitions' || what === 'shared.listen' || what === 'shared.readStrays')
    return `${what}${what === 'shared.readStrays' ? ` → ${end}` : ''}`;
  if (what === 'readOpen' && answer !== null && !(answer instanceof Error)) {
    const { owner, fence, seq, row } = answer as {
      owner: string | null;
      fence: number;
      seq: number;
      row: { status: string };
    };
    return `readOpen ${args[0]} → ${row.status} of ${owner}, fence ${fence}, ${seq} events`;
  }
  if (what === 'readRun' && answer !== null && !(answer instanceof Error))
    return `readRun ${args[0]} → ${(answer as { status: string }).status}`;
  return `${what} ${args.map((arg) => brief(arg)).join(' ')} → ${end}`;
}

type Act = (scene: Scene) => Promise<void>;
const begin = async (
  at: Scene,
  process: { readonly box: Signalbox },
  flow: AnyOrchestrator,
  id: string,
): Promise<void> =>
  at.say(
    `${flow.name} is started as ${id}`,
    process.box.start(flow as never, { id, input: null } as never).then(({ id: run }: { id: string }) => run),
  );

const SCENES: { readonly [title: string]: Act } = {
  'one asks a run of the other for things': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, waits, 'r');
    await at.say(
      'b waits for its end, a signal comes from b',
      b.box.run('r').signal('go' as never, 1 as never, { id: 'once' } as never),
    );
    await at.say('the result', b.box.run('r').result());
    await begin(at, a, long, 'q');
    await at.say('b pauses', b.box.run('q').pause({ by: 'eve' }));
    await at.say('b resumes', b.box.run('q').resume());
    await at.say('b cancels', b.box.run('q').cancel({ reason: 'enough' }));
    await at.say('b cancels again', b.box.run('q').cancel());
    await begin(at, a, asks, 'p');
    await at.say('b decides', b.box.decide('p/t/a#1', { decision: 'approve', by: 'mia', id: 'd' }));
  },
  'one is killed': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (const flow of [waits, long, naps]) await begin(at, a, flow, flow.name);
    const heard: number[] = [];
    void (async () => {
      for await (const { seq } of b.box.run('naps').events()) heard.push(seq);
    })();
    await at.later(500);
    at.note('-- a is killed');
    a.kill();
    await at.say('a cancel comes', b.box.run('long').cancel(), 20_000);
    await at.later(25_000);
    at.note(`-- b has heard ${heard}`);
  },
  'one is stopped for longer than its lease, and goes on': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (const flow of [waits, long]) await begin(at, a, flow, flow.name);
    at.note('-- a is stopped');
    a.stop();
    await at.later(13_000);
    at.note('-- a goes on');
    a.goOn();
    await at.later(6_000);
    await at.say('a signal by a', a.box.run('waits').signal('go' as never, 1 as never, { id: 'x' } as never));
    await at.later(1_000);
    at.note(`-- ${b.box.counts.inMemory} in memory`);
  },
  'the line of one is cut, for less than its lease, and for longer': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (const flow of [long, naps]) await begin(at, a, flow, flow.name);
    at.note('-- cut');
    a.isCut = true;
    await at.later(5_000);
    at.note('-- well');
    a.isCut = false;
    await at.later(5_000);
    at.note('-- cut');
    a.isCut = true;
    await at.later(16_000);
    at.note('-- well');
    a.isCut = false;
    await at.later(8_000);
    at.note(`-- ${b.box.counts.inMemory} in memory`);
  },
  'both start one run': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    const start = ({ box }: { readonly box: Signalbox }) =>
      box.start(waits as never, { id: 'r', input: null } as never);
    await at.say(
      'both at once',
      Promise.all([start(a), start(b)]).then((all) => all.length),
    );
    await at.say(
      'both once more',
      Promise.all([start(a), start(b)]).then((all) => all.length),
    );
  },
  'a run is abandoned, deleted and begun again by the other': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, long, 'r');
    await at.say('b abandons', b.box.run('r').abandon({ reason: 'nobody needs it' }));
    await at.later(500);
    await at.say('b deletes', b.box.run('r').delete());
    await begin(at, b, waits, 'r');
    await at.say('a signals', a.box.run('r').signal('go' as never, null as never, { id: 'y' } as never));
    await at.later(1_000);
  },
  'both want the last of a budget': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    const start = ({ box }: { readonly box: Signalbox }, id: string) =>
      box
        .start(draws as never, { id, input: null } as never)
        .then(() => box.run(id).outcome())
        .then(({ status }) => status);
    await at.say('both at once', Promise.all([start(a, 'one'), start(b, 'two')]));
    await at.say('one more', start(a, 'three'));
  },
  'a child run is begun by one, and its parent is taken over by the other': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, parent, 'r');
    await at.later(500);
    at.note('-- a is killed');
    a.kill();
    await at.later(14_000);
    await at.say(
      'the child run',
      b.box.runs({ orchestrator: 'waits' }).then(({ runs }) => runs.map(({ status }) => status)),
    );
  },
  'one has no definition for what the other has left': async (at) => {
    const a = await at.open([...flows, unknown]);
    const b = await at.open();
    await begin(at, a, unknown, 'r');
    await begin(at, a, waits, 'q');
    await at.say('a is closed', a.box.close());
    await at.later(4_000);
    await at.say(
      'b signals the one',
      b.box.run('r').signal('go' as never, null as never, { id: 'z' } as never),
      25_000,
    );
    await at.say('b signals the other', b.box.run('q').signal('go' as never, null as never, { id: 'z' } as never));
  },
  'a schedule is looked after by both': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    const given = { orchestrator: draws, input: 1, every: '5s' } as never;
    const declare = ({ box }: { readonly box: Signalbox }) =>
      box.schedule('s', given).then(({ id }: { id: string }) => id);
    await at.say('both declare it', Promise.all([declare(a), declare(b)]));
    await at.later(6_000);
    await at.say(
      'a pauses it',
      a.box.schedule('s').then((schedule) => schedule.pause()),
    );
    await at.say(
      'b removes it',
      b.box.schedule('s').then((schedule) => schedule.remove()),
    );
  },
};

test('what processes say to a place and to each other is written down, call by call (I2, I6, I7, P231)', async () => {
  const pages: string[] = [];
  for (const [title, act] of Object.entries(SCENES)) {
    const scene = new Scene();
    await act(scene);
    for (const process of scene.world.processes) process.kill();
    pages.push(`## ${title}\n\n${scene.lines.join('\n')}\n`);
  }
  await expect(pages.join('\n')).toMatchFileSnapshot('./talks.txt');
});
