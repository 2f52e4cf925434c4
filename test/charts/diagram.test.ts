/** Drawings of definitions, and of runs upon them: where boxes stand, what is said, and that nothing of it is taken for markup (P244, P116). */
import {
  type AnyOrchestrator,
  createSignalbox,
  type Diagram,
  type DiagramBox,
  diagram,
  InvalidOption,
  orchestrator,
  type Run,
  task,
  track,
} from 'signalbox';
import { describe, expect, test } from 'vitest';
import { sqlite } from '../../src/stores/sqlite/index.ts';
import { newFile } from '../helpers/files.ts';
import { Anything, graphOf, stage, steps, work } from '../helpers/stage.ts';
import { everyKind } from './every-kind.ts';
import { lively } from './lively.ts';
import { faultsOfXml } from './xml.ts';

const HOSTILE = [
  '<script>',
  '"]; x',
  '\u202eevil',
  '{}',
  '--> a',
  '&amp;',
  '%%{init}%%',
  "it's",
  '✓ ok',
  '*',
  'a:b',
  '#ff;'.replace('#', '＃'),
];
const odd = HOSTILE.reduce(
  (made, name) => made.step(name, work) as never,
  track('odd <b>', { input: Anything }) as unknown as { step(...given: unknown[]): never },
) as never;

const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

const isWithin = (inner: DiagramBox, outer: DiagramBox): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

const isApart = (one: DiagramBox, other: DiagramBox): boolean =>
  one.x + one.width <= other.x ||
  other.x + other.width <= one.x ||
  one.y + one.height <= other.y ||
  other.y + other.height <= one.y;

/** What is wrong with where boxes stand: out of their frame, over each other, off the page. */
function faultsOfLayout({ boxes, width, height }: Diagram): string[] {
  const at = new Map(boxes.map((box) => [box.path, box]));
  const page = { x: 0, y: 0, width, height } as DiagramBox;
  const groups = Map.groupBy(boxes, ({ path }) => path.slice(0, Math.max(0, path.lastIndexOf('/'))));
  return [...groups].flatMap(([parent, all]) => [
    ...all.filter((box) => !isWithin(box, at.get(parent) ?? page)).map(({ path }) => `${path} is out of its frame`),
    ...all.flatMap((box, index) =>
      all.slice(index + 1).flatMap((other) => (isApart(box, other) ? [] : [`${box.path} over ${other.path}`])),
    ),
  ]);
}

const FLOWS: Readonly<Record<string, AnyOrchestrator>> = {
  'every kind': everyKind as unknown as AnyOrchestrator,
  'a graph': graphOf({ f: ['e'], a: [], b: ['a'], c: ['a'], d: ['b', 'c'], e: ['a', 'd'] }),
  'many tracks': graphOf(Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`t${at}`, []]))),
  nothing: orchestrator('empty', { version: '1', input: Anything }) as unknown as AnyOrchestrator,
  'odd names': orchestrator('odd', { version: '<1>', input: Anything }).track('odd', odd) as unknown as AnyOrchestrator,
};

describe.each(Object.entries(FLOWS))('%s', (_, flow) => {
  test('stands in its frames, and nothing over anything else', () => {
    expect(faultsOfLayout(diagram(flow, { format: 'data' }))).toEqual([]);
  });

  test.each(['auto', 'light', 'dark'] as const)(
    'is well-formed SVG for %s pages, with a title and nothing that is loaded or run',
    (theme) => {
      const svg = diagram(flow, { theme });
      expect(faultsOfXml(svg)).toEqual([]);
      expect(svg).toMatch(
        /<svg [^>]*role="img"[^>]*aria-labelledby="(\S+) (\S+)"[^>]*>\s*<title id="\1">[^<]+<\/title>\s*<desc id="\2">[^<]+<\/desc>/,
      );
      expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
        /<script|<image|<foreignObject|href|https?:|\son\w+=/i,
      );
    },
  );

  test('fits 80 columns as text, without signs that a terminal obeys', () => {
    for (const colour of [false, true]) {
      const lines = diagram(flow, { format: 'text', colour })
        .replaceAll(COLOUR, colour ? '' : 'coloured')
        .split('\n');
      expect(lines.filter((line) => [...line].length > 80 || /[\p{Cc}\u202a-\u202e]/u.test(line))).toEqual([]);
    }
  });

  test('is a Mermaid diagram in which names are texts', () => {
    for (const line of diagram(flow, { format: 'mermaid' }).trimEnd().split('\n'))
      expect(line).toMatch(
        /^(stateDiagram-v2| +direction LR| +state "(?:[\p{L}\p{N} ._,\-/…]|#\d+;)+" as s\d+(?: \{)?| +\}| +(?:s\d+|\[\*\]) --> (?:s\d+|\[\*\])(?:: [a-z ]+)?)$/u,
      );
  });
});

test('before anything runs, each step says whether it can be undone or is irreversible (S13, P174)', () => {
  const run = () => 1;
  const task_ = (name: string, more: object) => task(name, { input: Anything, output: Anything, run, ...more });
  const [back, gone, mute] = [
    task_('back', { compensate: run }),
    task_('gone', { irreversible: true }),
    task_('mute', {}),
  ];
  const flow = orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything })
      .step('book', back)
      .step('send', gone)
      .step('look', mute)
      // What is said where a task is used stands over what the task says.
      .step('keep', back, () => null, { irreversible: true }),
  );
  const { boxes } = diagram(flow, { format: 'data' });
  expect(boxes.flatMap(({ path, detail }) => (path === 't' ? [] : [[path, detail]]))).toEqual([
    ['t/book', 'back, can be undone'],
    ['t/send', 'gone, irreversible'],
    ['t/look', 'mute'],
    ['t/keep', 'back, irreversible'],
  ]);
  for (const format of ['svg', 'text'] as const) expect(diagram(flow, { format })).toContain('gone, irreversible');
});

describe('a run upon its diagram', () => {
  test('moves no box and no line (P244)', async () => {
    const { flow, run, clock, box } = await lively();
    const before = diagram(flow, { format: 'data' });
    const after = diagram(flow, { format: 'data', run: await run.snapshot(), now: clock.now() });
    const places = ({ boxes, lines, width, height }: Diagram) => ({
      boxes: boxes.map(({ mark: _, ...place }) => place),
      lines,
      width,
      height,
    });
    expect(places(after)).toEqual(places(before));
    expect(await run.diagram({ format: 'data' })).toEqual(after);
    await box.close();
  });

  test('says what is done, waits, was tried again, failed and has not begun, and for how long', async () => {
    const { run, box } = await lively();
    const text = await run.diagram({ format: 'text' });
    expect(text.split('\n')).toEqual([
      '● fulfilment, version 3 · run order-17 · running · 1 h 47 min',
      '├─ ✓ intake                                                           11 min 5 s',
      '│  ├─ ✓ check                                                                2 s',
      '│  └─ ✓ reserve  2 attempts                                           11 min 3 s',
      '├─ ● payment  running                                                 1 h 36 min',
      '│  ├─ ◔ paid  signal "paid", 46 h left                                1 h 36 min',
      '│  │  └─ · onTimeout  work',
      '│  └─ · book  work',
      '├─ ● parcels  running                                                 1 h 36 min',
      '│  ├─ ● lines  [██!████!███!████▒▒▒▒] 28 completed, 3 failed, 8 run…  1 h 36 min',
      '│  │  └─ ● each  28 completed, 3 failed, 8 running',
      '│  │     └─ ● pack  28 completed, 3 failed, 8 running',
      '│  └─ · label  flaky, up to 5 attempts',
      '├─ ● news  running                                                    1 h 36 min',
      '│  ├─ ✗ mail  task-failed                                                 20 min',
      '│  │  └─ ✗ send  task-failed                                              20 min',
      '│  └─ ● shop  running                                                 1 h 36 min',
      '│     └─ ● tell  attempt 2                                            1 h 36 min',
      '└─ · close  after payment, parcels, news',
      '   ├─ · how  the route that is named',
      '   │  ├─ · short  work',
      '   │  └─ · long',
      '   │     ├─ · check  work',
      '   │     └─ · reserve  flaky, up to 5 attempts',
      '   └─ · archive  work',
      '',
    ]);
    expect(faultsOfXml(await run.diagram())).toEqual([]);
    expect(await run.diagram({ format: 'mermaid' })).toContain('classDef bad');
    await box.close();
  });

  test('a collection is a strip of densities, in which each item has its place', async () => {
    const { run, box } = await lively();
    const { boxes } = await run.diagram({ format: 'data' });
    const { mark } = boxes.find(({ path }) => path === 'parcels/lines') as DiagramBox;
    expect(mark?.strip).toHaveLength(39);
    expect(mark?.strip?.flatMap(({ failed }, at) => (failed > 0 ? [at] : []))).toEqual([4, 13, 22]);
    expect(boxes.find(({ path }) => path === 'parcels/lines/each')?.mark?.counts).toEqual({
      completed: 28,
      failed: 3,
      running: 8,
    });
    await box.close();
  });

  test.each(['memory', 'sqlite'] as const)('of very many items is drawn from counts, in %s', async (kind) => {
    const many = orchestrator('many', { version: '1', input: Anything }).track(
      't',
      track('t', { input: Anything })
        .map('items', { over: () => '1..3000', each: work, concurrency: 500, strategy: 'waitAll', collect: false })
        .step('then', work),
    );
    const { desk, clock, options } = stage();
    const store = kind === 'sqlite' ? { store: sqlite(newFile()) } : {};
    await using box = clock.follow(await createSignalbox({ ...options, ...store, orchestrators: [many] }));
    const run = (await box.start(many, { id: 'r', input: null })) as Run;
    for (let item = 0; item < 2_600; item += 1) {
      if (!desk.begun.includes(`t/items/${item}/`) && item % 100 === 0) await clock.advance('1s');
      if (item % 10 === 0) desk.fail(`t/items/${item}#1`);
      else desk.give(`t/items/${item}#1`);
    }
    await clock.advance('1s');
    const counted = await run.diagram({ format: 'data' });
    const whole = diagram(many, { format: 'data', run: await run.snapshot(), now: clock.now() });
    expect((await run.explain()).says).toMatch(
      /^waiting for what is in it since \d+ s: 2,340 completed, 260 failed, 400 running \(t\/items\)$/,
    );
    const at = ({ boxes }: Diagram, path: string) => boxes.find((each) => each.path === path)?.mark;
    expect(at(counted, 't/items/each')).toMatchObject({ counts: { completed: 2_340, failed: 260, running: 400 } });
    for (const path of ['t', 't/items', 't/items/each', 't/then']) {
      const [one, other] = [at(counted, path), at(whole, path)];
      expect([path, one?.status, one?.note]).toEqual([path, other?.status, other?.note]);
      // By counts nobody knows which items they were: what has failed comes first.
      const sum = (which: 'done' | 'failed' | 'live') =>
        Math.round((one?.strip ?? []).reduce((all, cell) => all + cell[which], 0));
      if (one?.strip != null) expect([sum('failed'), sum('done'), sum('live')]).toEqual([3, 31, 5]);
    }
  });

  test('what stands in items that are counted is not said to have not begun: nobody has looked (P225)', async () => {
    const many = orchestrator('many', { version: '1', input: Anything }).track(
      't',
      track('t', { input: Anything })
        .map('items', {
          over: () => '1..1100',
          each: track('each', { input: Anything })
            .step('work', work)
            .aggregate('made', { output: Anything, of: () => 1 }),
          concurrency: 1_100,
          collect: false,
        })
        .map('none', { over: () => [], each: track('other', { input: Anything }).step('work', work) }),
    );
    const { desk, clock, options } = stage();
    await using box = clock.follow(await createSignalbox({ ...options, orchestrators: [many] }));
    const run = (await box.start(many, { id: 'r', input: null })) as Run;
    await clock.advance(0);
    for (let item = 0; item < 1_099; item += 1) desk.give(`t/items/${item}/work#1`);
    await clock.advance(0);
    const text = await run.diagram({ format: 'text' });
    expect(text).toMatch(/● each +1,099 completed, 1 running/);
    expect(text).toMatch(/\? work +not looked at\n.*\? made +not looked at/);
    desk.give('t/items/1099/work#1');
    await clock.advance(0);
    const { boxes } = await run.diagram({ format: 'data' });
    const marks = Object.fromEntries(boxes.map(({ path, mark }) => [path, mark?.isKnown ?? null]));
    expect(marks).toMatchObject({ 't/items/each': true, 't/items/each/work': false, 't/items/each/made': false });
    expect(marks['t/none/each/work']).toBe(null);
    expect(await run.diagram({ format: 'text' })).toMatch(/\? work +not looked at\n.*\? made +not looked at/);
    expect(await run.diagram({ format: 'mermaid' })).toContain('"work #8211; not looked at"');
    expect(await run.diagram()).toMatch(/t\/items\/each\/work\s[^<]*not looked at/);
    expect(await run.diagram()).toContain('t/items/each/made: not looked at');
  });

  test('items that were cancelled are not drawn as if all had gone well, unless the collection had no need of them', async () => {
    const items = (options: object): AnyOrchestrator =>
      orchestrator('items', { version: '1', input: Anything }).track(
        't',
        track('t', { input: Anything }).map('items', { over: () => ['a', 'b'], each: work, ...options } as never),
      ) as unknown as AnyOrchestrator;
    const drawn = async (options: object, act: (run: Run) => Promise<unknown>) => {
      const { desk, clock, options: given } = stage();
      const flow = items(options);
      await using box = clock.follow(await createSignalbox({ ...given, orchestrators: [flow] }));
      const run = (await box.start(flow, { input: null } as never)) as Run;
      await clock.advance(0);
      desk.give('t/items/0#1');
      await act(run);
      await run.outcome();
      const text = await run.diagram({ format: 'text' });
      // Once for the collection, once for what stands in it.
      return text.split('\n').flatMap((line) => /([✓–✗]) .*(\d completed, \d cancelled)/.exec(line)?.slice(1) ?? []);
    };
    const cancelled = await drawn({}, (run) => run.cancel({ force: true }));
    expect(cancelled).toEqual(['–', '1 completed, 1 cancelled', '–', '1 completed, 1 cancelled']);
    const won = await drawn({ strategy: 'race' }, async () => {});
    expect(won).toEqual(['✓', '1 completed, 1 cancelled', '✓', '1 completed, 1 cancelled']);
  });

  test('whose definition this box does not have is refused in words', async () => {
    const { run, box, flow } = await lively();
    expect(() => diagram(everyKind, { run: {} as never })).toThrow(InvalidOption);
    const snapshot = await run.snapshot();
    expect(() => diagram(graphOf({ a: [] }), { run: snapshot })).toThrow('a run of "graph"');
    expect(diagram(flow, { run: snapshot })).toContain('order-17');
    await box.close();
  });
});

test.each<[string, unknown]>([
  ['format', 'png'],
  ['theme', 'pink'],
  ['columns', 20],
  ['columns', 80.5],
  ['colour', 'yes'],
  ['now', Number.NaN],
  ['run', null],
  ['color', true],
])('the option %s cannot be %j', (option, value) => {
  expect(() => diagram(everyKind, { [option]: value } as never)).toThrow(InvalidOption);
});

test('tracks below each other and steps from top to bottom keep their order', () => {
  const { boxes } = diagram(graphOf({ a: [], b: ['a'] }), { format: 'data' });
  const [a, b] = ['a', 'b'].map((path) => boxes.find((box) => box.path === path)) as [DiagramBox, DiagramBox];
  expect(b.x).toBeGreaterThan(a.x + a.width);
  const down = diagram(steps('t', 'one', 'two') as never, { format: 'data' }).boxes;
  expect(down.find(({ name }) => name === 'two')?.y).toBeGreaterThan(down.find(({ name }) => name === 'one')?.y ?? 0);
});
