/**
 * Plays of what stands in the way of bodies: hooks that nobody traces, mappers that answer with nonsense, a store that is away while
 * something is read for a body, and runs that are awaited while they stand in line.
 */
import { type AnyOrchestrator, orchestrator, type Store, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { StoreUnusable } from '../../src/errors/index.ts';
import type { Play, Theatre } from './plays.ts';
import { Anything, never } from './stage.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const body = (name: string, more: object = {}) =>
  task(name, { input: Anything, output: Anything, run: never, ...more });
const given = ({ input: it }: { readonly input: unknown }) => it;
const handed = { input: given };
const one = (name: string, does: ReturnType<typeof body>, more: object = {}): AnyOrchestrator =>
  orchestrator(name, { ...head, ...more }).track('t', track('t', input).step('s', does, given), handed);

let hear: (line: string) => void = () => {};
type Facts = { readonly signal: AbortSignal };

/** What a hook is told: which run it is only those of the run say in full, and stacks are left out. */
const told = (facts: Facts, on: string): string =>
  JSON.stringify(facts, (key, value) => {
    if (key === 'stack') return undefined;
    return key === 'run' && typeof value === 'object' && !on.endsWith('Run') ? value.id : value;
  });

/** Hooks that say what they are told, and then do something. */
const spy = (name: string, moments: readonly string[], does: (facts: Facts) => unknown = () => {}) => ({
  name,
  ...Object.fromEntries(
    moments.map((on) => [
      on,
      (facts: Facts) => {
        hear(`hook ${name} ${on} ${told(facts, on)}`);
        return does(facts);
      },
    ]),
  ),
});
const later = async (): Promise<void> => {};
const throws = (what: string) => (): never => {
  throw new Error(what);
};
let kept: Facts | null = null;
/** Hangs, and does not look at its signal. */
const keeps = (facts: Facts): Promise<void> => {
  kept = facts;
  return new Promise(() => {});
};
/** Hangs, and says when it is told to end. */
const hangs = (facts: Facts): Promise<void> => {
  facts.signal.addEventListener('abort', () => hear(`hook told to end: ${(facts.signal.reason as Error).name}`));
  return new Promise(() => {});
};

const EVERY = ['beforeRun', 'afterRun', 'beforeTrack', 'afterTrack', 'beforeStep', 'afterStep'];
const ALL = [...EVERY, 'onRetry', 'onError', 'onApproval'];
const untraced = { tracing: undefined } as const;

/** Something of the store fails until what is answered is called. */
function breaks(store: Store, name: 'readRecords', error: () => Error): () => void {
  const whole = Object.getOwnPropertyDescriptor(store, name) as PropertyDescriptor;
  Object.defineProperty(store, name, { ...whole, value: () => Promise.reject(error()) });
  return () => void Object.defineProperty(store, name, whole);
}

/** Starts a run for each input; its id is what is said of it. */
async function startAll({ begin, note }: Theatre, inputs: { readonly [id: string]: unknown }): Promise<void> {
  for (const [id, each] of Object.entries(inputs)) {
    note(`start ${id}`);
    await begin(each, { id });
  }
}

/** What mappers answer. */
const ODD: { readonly [id: string]: () => unknown } = {
  text: () => 'k',
  number: () => 7,
  truth: () => true,
  nothing: () => null,
  object: () => ({}),
  undefined: () => undefined,
  negative: () => -1,
  half: () => 0.5,
  infinite: () => Number.POSITIVE_INFINITY,
  none: () => 0,
  throws: throws('cannot say'),
};
const odd = ({ input: it }: { readonly input: unknown }): unknown => (ODD[it as string] as () => unknown)();
const odds = Object.fromEntries(Object.keys(ODD).map((id) => [id, id]));

/** One play for each place that a mapper has. */
const oddMappers: readonly Play[] = Object.entries({
  'the key of a limit': { concurrency: { limit: 1, key: odd } },
  'a priority': { concurrency: 5, priority: odd },
  'the key of a budget': { budget: { limit: 5, per: '1h', key: odd } },
  'the cost of a budget': { budget: { limit: 5, per: '1h', cost: odd, name: 'shared' } },
  'the key of kept outputs': { cache: { ttl: '1h', key: odd } },
  'what bypasses kept outputs': { cache: { ttl: '1h', key: () => 'k', bypass: odd, scope: 'run' } },
}).map(
  ([what, more]): Play => ({
    name: `${what} is anything`,
    flow: one('odd', body('does', { retry: { maxAttempts: 2, delay: '1m' }, ...more })),
    options: untraced,
    async play(theatre) {
      const { desk, say, clock } = theatre;
      await startAll(theatre, odds);
      for (const place of desk.open) desk.give(place);
      await say('two minutes', clock.advance('2m'));
    },
  }),
);

/** A run stands in line for places that others have, and somebody awaits it. */
const awaited = (name: string, flow: AnyOrchestrator, options: object, others: number): Play => ({
  name: `who is awaited stands in line: ${name}`,
  flow,
  options: { ...untraced, ...options },
  async play({ begin, box, desk, say, clock, note }) {
    for (let at = 0; at < others; at += 1) await begin({ k: 'a' }, { id: `before${at}` });
    const run = await begin({ k: 'a' }, { id: 'awaited' });
    await say('ten seconds', clock.advance('10s'));
    const over = run.result().then((value) => note(`result ${JSON.stringify(value)}`));
    await say('ten more', clock.advance('10s'));
    await say('a minute, in which it is not said again', clock.advance('1m'));
    await begin({ k: 'a' }, { id: 'behind' });
    await say('ten seconds, in which it is said again', clock.advance('10s'));
    for (let at = 0; at < others; at += 1) desk.give(`before${at}/t/s#1`);
    await settled(box);
    desk.give('awaited/t/s#1', 'done');
    await over;
    await say('a minute', clock.advance('1m'));
  },
});

const plays: readonly Play[] = [
  {
    name: 'hooks that nobody traces are told of everything',
    flow: orchestrator('told', { ...head, onFailure: 'continue', hooks: [spy('flow', ALL)] })
      .track(
        'a',
        track('a', { ...input, hooks: [spy('track', ['beforeStep', 'afterStep'], later)] }).step(
          's',
          body('tries', {
            retry: { maxAttempts: 2, delay: '1s' },
            hooks: [
              spy('first', ['beforeStep', 'afterStep']),
              { ...spy('lenient', ['beforeStep', 'afterStep'], throws('no')), onHookError: 'ignore' },
              spy('last', ['beforeStep', 'afterStep']),
            ],
          }),
          given,
        ),
        handed,
      )
      .track('b', track('b', input).wait('w', { signal: 'go', timeout: '1m', onTimeout: 'fail' }))
      .track('c', track('c', input).approval('ask', { ask: 'May it?', assignees: { users: ['ann'] } }))
      .track('d', track('d', { ...input, hooks: [spy('no', ['beforeTrack'], throws('not this track'))] }).sleep('n', 5))
      .track(
        'e',
        track('e', input).step('s', body('refused', { hooks: [spy('no', ['beforeStep'], throws('never'))] }), given),
        handed,
      ),
    options: {
      ...untraced,
      hooks: [
        spy('box', EVERY, later),
        { ...spy('of others', ALL), only: { orchestrator: 'other' } },
        { ...spy('of two tasks', ['beforeStep', 'afterStep', 'onError']), only: { task: ['tries', 'refused'] } },
        { ...spy('of one path', ['beforeTrack', 'onError']), only: { path: 'b/*' } },
      ],
    },
    async play({ begin, box, desk, say, clock, note }) {
      hear = note;
      await begin({ n: 1 }, { metadata: { who: 'eve' } });
      desk.fail('r/a/s#1');
      await say('three seconds', clock.advance('3s'));
      desk.give('r/a/s#2', { n: 2 });
      await settled(box);
      await say('approve', box.decide('r/c/ask#1', { decision: 'approve', by: 'ann', id: 'yes' } as never));
      await say('two minutes', clock.advance('2m'));
    },
  },
  {
    name: 'hooks are there when what they stand at ends',
    flow: one('ended', body('work', { hooks: [spy('after', ['afterStep'])] })),
    options: {
      ...untraced,
      hooks: [
        { ...spy('slow', ['beforeStep'], hangs), timeout: '5s', onHookError: 'ignore' },
        { ...spy('slower', ['beforeStep'], keeps), timeout: '500ms', onHookError: 'ignore' },
        { ...spy('next', ['beforeStep'], ({ signal }) => hear(`aborted: ${signal.aborted}`)) },
        { ...spy('the end', ['afterRun'], hangs), timeout: '1m' },
      ],
    },
    async play({ begin, say, clock, note, reopen }) {
      hear = note;
      const before = await begin(1, { id: 'asking' });
      await say('cancel while it is asked', before.cancel({ reason: 'enough' }));
      const at = await begin(2, { id: 'working' });
      await say('six seconds', clock.advance('6s'));
      const { aborted, reason } = (kept as Facts).signal;
      note(`who asks for the signal only now: ${aborted ? (reason as Error).name : 'not aborted'}`);
      await say('cancel while it works', at.cancel());
      await say('a minute', clock.advance('61s'));
      await begin(3, { id: 'left' });
      const closed = reopen();
      await clock.advance('10s');
      await closed;
      await say('a minute', clock.advance('2m'));
    },
  },
  {
    name: 'what is kept goes through the hooks of its step',
    flow: one(
      'keeps',
      body('rate', {
        cache: { ttl: '1h', scope: 'task' },
        hooks: [
          spy('rate', ['beforeStep', 'afterStep'], ({ signal: _, ...facts }) =>
            (facts as { input?: unknown }).input === 'slow' ? later() : null,
          ),
          spy('no more', ['beforeStep'], (facts) => {
            if ((facts as { run?: { id: string } }).run?.id === 'stopped') throw new Error('not this run');
          }),
        ],
      }),
    ),
    options: untraced,
    async play({ begin, box, desk, say, clock, note }) {
      hear = note;
      for (const each of ['quick', 'slow']) {
        await begin(each, { id: each });
        desk.give(`${each}/t/s#1`, { is: each });
        await settled(box);
        await begin(each, { id: `${each} again` });
      }
      await begin('quick', { id: 'stopped' });
      await say('two hours', clock.advance('2h'));
      await begin('quick', { id: 'late' });
      desk.fail('late/t/s#1');
    },
  },
  {
    name: 'who has ended gives its place away before its hooks are told',
    flow: one(
      'free',
      body('work', { concurrency: 1, hooks: [{ ...spy('slow', ['afterStep'], hangs), timeout: '1m' }] }),
    ),
    options: untraced,
    async play(theatre) {
      const { desk, say, clock, note } = theatre;
      hear = note;
      await startAll(theatre, { first: 1, second: 2 });
      desk.give('first/t/s#1');
      await say('a second', clock.advance('1s'));
      await say('cancel while its hook is told', theatre.box.run('first').cancel());
      desk.fail('second/t/s#1');
      await say('two minutes', clock.advance('2m'));
    },
  },
  {
    name: 'fairness cannot be said',
    flow: one('fair', body('few')),
    options: {
      ...untraced,
      concurrency: 1,
      fairness: {
        by: ({ metadata: { by } }: { metadata: { by?: unknown } }) => {
          if (by === 'throws') throw new Error('who is that');
          return by;
        },
        weight: ({ metadata: { weight } }: { metadata: { weight?: unknown } }) => weight,
      },
    },
    async play({ begin, box, desk, note }) {
      const all: readonly { by: unknown; weight: unknown }[] = [
        { by: 'a', weight: 2 },
        { by: 'a', weight: 2 },
        { by: 'a', weight: 2 },
        { by: 'b', weight: 1 },
        { by: 'b', weight: 0 },
        { by: 7, weight: 'much' },
        { by: 'throws', weight: 1 },
      ];
      for (const [at, metadata] of all.entries()) await begin(at, { id: `r${at}`, metadata });
      while (desk.open.length > 0) {
        note(`open ${desk.open}`);
        for (const place of desk.open) desk.give(place);
        await settled(box);
      }
    },
  },
  ...(['away', 'lasting', 'other'] as const).map(
    (how): Play => ({
      name: `what bodies need cannot be read: ${how}`,
      flow: orchestrator('reads', { ...head, onFailure: 'continue' })
        .track('a', track('a', input).step('s', body('draws', { budget: { limit: 5, per: '1h' } }), given), handed)
        .track('b', track('b', input).step('s', body('keeps', { cache: { ttl: '1h' } }), given), handed),
      options: untraced,
      async play({ begin, desk, store, say, clock }) {
        const isLasting = how === 'lasting';
        const mend = breaks(store, 'readRecords', () =>
          how === 'other'
            ? new Error('no answer')
            : new StoreUnusable({ store: 'memory', reason: how, isLasting } as never),
        );
        await begin(1);
        await say('two seconds', clock.advance('2s'));
        mend();
        await say('a minute', clock.advance('1m'));
        for (const place of desk.open) desk.give(place);
      },
    }),
  ),
  awaited('the places of the box', one('stuck', body('work')), { concurrency: 1 }, 1),
  awaited(
    'two places of a task by key',
    one('stuck', body('work', { concurrency: { limit: 2, key: ({ input: it }: never) => (it as { k: string }).k } })),
    {},
    2,
  ),
  {
    name: 'tracks and orchestrators have limits, and the box by key',
    flow: (() => {
      const work = body('work');
      const narrow = track('narrow', { ...input, bodies: 1 }).parallel('p', { x: work, y: work } as never);
      return orchestrator('places', { ...head, bodies: { limit: 3, key: () => 'all' } } as never)
        .track('a', narrow as never, handed as never)
        .track('b', narrow as never, handed as never)
        .track('c', track('c', input).step('s', work, given), handed);
    })() as AnyOrchestrator,
    options: { ...untraced, concurrency: [5, { limit: 2, key: ({ run }: never) => (run as { id: string }).id }] },
    async play(theatre) {
      const { desk, box, note } = theatre;
      await startAll(theatre, { r0: 1, r1: 2 });
      while (desk.open.length > 0) {
        note(`open ${desk.open}`);
        desk.give(desk.open[0] as string);
        await settled(box);
      }
    },
  },
  ...oddMappers,
];

export const pressedPlays: readonly Play[] = plays.map((play) => ({ ...play, isByRun: true }));
