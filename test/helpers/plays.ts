/** What people and processes say to runs, one thing after the other: commands, decisions, signals, schedules, restarts. */
import {
  type AnyOrchestrator,
  createSignalbox,
  orchestrator,
  type Run,
  type Signalbox,
  type Store,
  task,
  track,
} from 'signalbox';
import { type FakeClock, settled } from 'signalbox/testing';
import { z } from 'zod';
import { Anything, type Desk, never, stage } from './stage.ts';

/** Where a play is played. */
export interface Theatre {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly desk: Desk;
  readonly box: Signalbox;
  /** Starts a run of the flow under the id `r`, or another one. */
  begin(input?: unknown, more?: object): Promise<Run<unknown>>;
  /** Does something, waits until nothing more happens, and notes what came of it. */
  say(what: string, done: Promise<unknown>): Promise<void>;
  /** Says something between two calls. */
  note(line: string): void;
  /** Ends the box, and opens another one on the same store. */
  reopen(): Promise<void>;
}

export interface Play {
  readonly name: string;
  readonly flow: AnyOrchestrator;
  /** Of the box. */
  readonly options?: object;
  /** The desk has jobs of several runs, by their keys. */
  readonly isByRun?: boolean;
  /** Other orchestrators of the box. */
  readonly also?: readonly AnyOrchestrator[];
  readonly play: (theatre: Theatre) => Promise<void>;
}

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const body = (name: string, more: object = {}) =>
  task(name, { input: Anything, output: Anything, run: never, ...more });
const work = body('work');
const retried = body('retried', { retry: { maxAttempts: 2, delay: '1m' }, timeout: '5m' });
const undone = body('undone', { compensate: ({ output }: { readonly output: unknown }) => void output });
const cleaned = body('cleaned', { cleanup: () => {} });
const kept = body('kept', { cache: { ttl: '10m' } });
const handed = { input: ({ input: given }: { readonly input: unknown }) => given };
const single = (name: string, does: typeof work) => track(name, input).step(name, does, ({ input: given }) => given);

const asks = {
  ask: 'May it?',
  assignees: { users: ['ann', 'bob'] },
  decisions: ['approve', 'reject', 'edit', 'skip'],
  propose: () => ({ cents: 5 }),
  expires: '1h',
  onExpiry: 'escalate',
  escalate: { roles: ['boss'] },
  remind: '20m',
} as const;

/** What somebody may decide, where it is asked. */
const DECISIONS = {
  approval: ['approve', 'edit', 'reject', 'respond', 'skip', 'abort'],
  before: ['approve', 'edit', 'reject', 'replace', 'skip', 'abort'],
  after: ['approve', 'edit', 'reject', 'retry', 'replace', 'abort'],
} as const;

const scheduled = orchestrator('scheduled', head).track('a', single('a', work), handed);

/** What people do. */
export const plays: readonly Play[] = [
  {
    name: 'somebody intervenes',
    flow: orchestrator('intervened', { ...head, onFailure: 'pause' })
      .track(
        'a',
        track('a', input)
          .step('pay', work, () => 1)
          .step('after', retried),
      )
      .track('b', track('b', input).step('beside', work).step('next', work)),
    async play({ begin, say, desk }) {
      const run = await begin();
      desk.fail('a/pay#1', new Error('no money'));
      desk.fail('b/beside#1', new Error('no time'));
      await say('retry', run.retry('a/pay', { by: 'eve', reason: 'paid', input: 2 }));
      await say('retry without a reason', run.retry('a/pay', { by: 'eve' } as never));
      desk.give('a/pay#2', 'paid');
      await say('skip', run.skip('b/beside', { by: 'tom', output: 'nothing', reason: 'no need' }));
      await say('resolve of what runs', run.resolve('b/next', { output: 7, by: 'tom', reason: 'known' }));
      desk.fail('b/next#1');
      await say('resolve', run.resolve('b/next', { output: 7, by: 'tom', reason: 'known' }));
    },
  },
  {
    name: 'a run is cancelled',
    flow: orchestrator('cancelled', head)
      .track('a', single('a', cleaned), handed)
      .track('b', track('b', input).sleep('nap', '1h').step('late', work))
      .track('c', single('c', undone), handed)
      .track('d', single('d', work), { after: ['c'] }),
    async play({ begin, say, desk }) {
      const run = await begin(5);
      desk.give('c/c#1', 'done');
      await say('cancel', run.cancel({ by: 'eve', reason: 'no need', compensate: true }));
      await say('cancel again', run.cancel({ by: 'tom' }));
      await say('signal', run.signal('late', 1, { id: 's' }));
      await say('compensate', run.compensate({ by: 'tom', reason: 'all of it' }));
    },
  },
  {
    name: 'a run is paused',
    flow: orchestrator('paused', head)
      .track('a', track('a', input).step('one', retried).step('two', work))
      .track('b', track('b', input).sleep('nap', '10m').step('late', work)),
    async play({ begin, say, desk, clock }) {
      const run = await begin();
      await say('pause', run.pause({ by: 'eve', reason: 'lunch' }));
      await say('pause again', run.pause({ by: 'tom' }));
      desk.fail('a/one#1');
      await say('an hour', clock.advance('1h'));
      await say('resume', run.resume({ by: 'eve' }));
      await say('resume again', run.resume());
      await say('two minutes', clock.advance('2m'));
      desk.give('a/one#2', 1);
      await say('six minutes', clock.advance('6m'));
    },
  },
  {
    name: 'attempts run out of time, and of tries',
    flow: orchestrator('late', { ...head, onFailure: 'continue', deadline: '1d' })
      .track('a', single('a', retried))
      .track('b', track('b', input).wait('b', { signal: 'never', timeout: '2m' }))
      .track('c', single('c', work)),
    async play({ begin, say, desk, clock }) {
      await begin();
      desk.fail('a/a#1');
      await say('three minutes', clock.advance('3m'));
      await say('ten minutes', clock.advance('10m'));
      await say('two days', clock.advance('2d'));
    },
  },
  {
    name: 'signals come',
    flow: orchestrator('signalled', head)
      .track(
        'a',
        track('a', input)
          .wait('go', { signal: 'go', payload: z.object({ n: z.number() }) })
          .step('a', work),
      )
      .track('b', track('b', input).step('first', work).wait('later', { signal: 'later', payload: Anything })),
    async play({ begin, say, desk }) {
      const run = await begin();
      await say('one that does not fit', run.signal('go', { n: 'x' }, { id: 'one', by: 'eve' }));
      await say('one that nobody knows', run.signal('gone', 1, { id: 'two' }));
      await say('one that is early', run.signal('later', 'early', { id: 'three' }));
      await say('one that fits', run.signal('go', { n: 1 }, { id: 'four', by: 'eve' }));
      await say('the same', run.signal('go', { n: 1 }, { id: 'four' }));
      desk.give('b/first#1');
      await say('nothing', Promise.resolve());
      desk.give('a/a#1');
      await say('after its end', run.signal('go', { n: 2 }, { id: 'five' }));
    },
  },
  {
    name: 'a run is abandoned',
    flow: orchestrator('abandoned', head)
      .track('a', single('a', cleaned))
      .track('b', track('b', input).wait('b', { signal: 'b' })),
    async play({ begin, say }) {
      const run = await begin();
      await say('abandon', run.abandon({ reason: 'broken', by: 'eve' }));
      await say('abandon again', run.abandon({ reason: 'broken' }));
    },
  },
  {
    name: 'a run is made again',
    flow: orchestrator('again', head).track('a', track('a', input).step('one', work).step('two', retried)),
    async play({ begin, say, desk, clock }) {
      const run = await begin();
      desk.give('a/one#1', 'kept');
      await settled();
      desk.fail('a/two#1');
      await say('two minutes', clock.advance('2m'));
      desk.fail('a/two#2');
      await say('nothing', Promise.resolve());
      await say('rerun', run.rerun({ from: 'a/two', id: 'r2', by: 'eve', reason: 'mended' }));
      desk.give('a/two#1', 'now');
    },
  },
  {
    name: 'people decide',
    flow: orchestrator('asked', { ...head, onFailure: 'continue' })
      .track(
        'a',
        track('a', input)
          .approval('a', asks)
          .step('then', work, ({ outputs }) => outputs.a),
      )
      .track(
        'b',
        track('b', input).approval('b', { ...asks, decisions: ['approve', 'reject'], quorum: 2, fourEyes: true }),
      )
      .track(
        'c',
        track('c', input)
          .approval('c', asks)
          .step('then', work, ({ outputs }) => outputs.c),
      )
      .track('d', track('d', input).approval('d', { ...asks, claim: '10m' })),
    async play({ begin, box, say, clock }) {
      await begin();
      const decide = (place: string, decision: string, by: string, more: object = {}) =>
        say(
          `${by}: ${decision} ${place}`,
          box.decide(`r/${place}/${place}#1`, { decision, by, id: `${by} ${decision} ${place}`, ...more } as never),
        );
      await decide('a', 'delegate', 'ann', { to: { users: ['zoe'] }, comment: 'you know better' });
      await decide('a', 'approve', 'tom');
      await decide('a', 'approve', 'zoe', { comment: 'fine' });
      await decide('b', 'approve', 'ann');
      await decide('b', 'approve', 'ann', { id: 'twice' });
      await decide('b', 'reject', 'bob', { comment: 'too dear' });
      await decide('c', 'reject', 'tom');
      await decide('c', 'defer', 'ann', { until: clock.now() + 600_000 });
      await decide('d', 'claim', 'bob');
      await decide('d', 'approve', 'ann');
      await say('half an hour', clock.advance('30m'));
      await decide('c', 'edit', 'bob', { patch: { cents: 4 } });
      await say('two hours', clock.advance('2h'));
      await decide('d', 'approve', 'kim', { roles: ['boss'] });
    },
  },
  ...(['approval', 'before', 'after'] as const).map((when): Play => {
    const all = DECISIONS[when];
    const spec = { ask: `May it (${when})?`, assignees: { users: ['ann'] }, decisions: all } as never;
    const own = { ask: 'May it?', propose: () => ({ cents: 5 }), onReject: 'complete' as const };
    const does = body(when, when === 'before' ? { approval: spec } : { review: spec });
    const says = all.flatMap((decision) => [
      { name: decision, decision, more: {} },
      { name: `${decision}-value`, decision, more: { value: { cents: 4 }, comment: 'so', form: { why: 'so' } } },
      { name: `${decision}-patch`, decision, more: { patch: { cents: null, euros: 1 } } },
    ]);
    const flow = says.reduce(
      (built, { name }) =>
        built.track(
          name,
          (when === 'approval'
            ? track(name, input).approval('asked', { ...own, ...(spec as object) })
            : track(name, input).step('asked', does, () => ({ cents: 5 }))
          ).step('then', work, ({ previous }: { readonly previous: unknown }) => previous) as never,
        ) as never,
      orchestrator(`decided-${when}`, { ...head, onFailure: 'continue' }),
    );
    return {
      name: `each decision: ${when}`,
      flow: flow as never,
      async play({ begin, box, say, desk }) {
        await begin();
        for (const { name } of says) {
          if (when === 'after') desk.give(`${name}/asked#1`, { cents: 5 });
        }
        await settled(box);
        for (const { name, decision, more } of says)
          await say(`${name}`, box.decide(`r/${name}/asked#1`, { decision, by: 'ann', id: name, ...more } as never));
      },
    };
  }),
  {
    name: 'a schedule begins runs',
    flow: scheduled,
    async play({ box, say, desk, clock }) {
      const schedule = await box.schedule('s', {
        orchestrator: scheduled,
        input: 'x',
        every: '1h',
        overlap: 'bufferOne',
        pauseOnFailure: true,
        metadata: { tenant: 'acme' },
      } as never);
      await say('three hours', clock.advance('3h'));
      desk.give('a/a#1', 1);
      await say('pause', schedule.pause({ by: 'eve', reason: 'quiet' }));
      await say('two hours', clock.advance('2h'));
      await say('resume', schedule.resume({ by: 'eve' }));
      await say(
        'trigger',
        schedule.trigger({ id: 'now', by: 'tom' }).then(({ id }) => id),
      );
      await say('remove', schedule.remove({ by: 'eve', reason: 'over' }));
    },
  },
  {
    name: 'starts share a key',
    flow: orchestrator('keyed', { ...head, debounce: '5s' }).track('a', single('a', kept), handed),
    async play({ begin, say, desk, clock }) {
      const starts = async (given: unknown, more: object): Promise<unknown> =>
        (await begin(given, { ...more, id: undefined })).id.split('~')[0];
      await say('one', starts(1, { debounce: 'k' }));
      await say('two', starts(2, { debounce: 'k' }));
      await say('ten seconds', clock.advance('10s'));
      desk.give('a/a#1', 'kept');
      await say('a single one', starts(2, { singleton: 'k' }));
      await say('nobody else', starts(3, { singleton: 'k' }));
    },
  },
  {
    name: 'a process goes, and another one comes',
    flow: orchestrator('reopened', head)
      .track('a', track('a', input).step('one', retried).step('two', work))
      .track('b', track('b', input).sleep('nap', '10m').wait('w', { signal: 'go' }))
      .track('c', single('c', work)),
    async play(theatre) {
      const { begin, say, desk, clock, reopen } = theatre;
      await begin();
      desk.fail('a/one#1');
      await say('half a minute', clock.advance('30s'));
      await reopen();
      await say('half a minute', clock.advance('30s'));
      desk.give('a/one#2', 'done');
      await say('an hour', clock.advance('1h'));
      await reopen();
      await say('go', theatre.box.run('r').signal('go', null, { id: 'go' }));
      desk.give('c/c#1', 'done');
      desk.give('a/two#1', 'done');
    },
  },
];

/** Who looks on. */
export interface Spectator {
  readonly store: Store;
  note(line: string): void;
  /** Of the box, instead of those of the stage. */
  readonly options?: object;
  /** A box has begun to play. */
  opened?(box: Signalbox): void;
  /** Something was said, and nothing more happens. */
  asks?(box: Signalbox): Promise<void>;
}

/** Plays each on a store of its own, and says how it went: what was done, and what came of it. */
export async function playAll(
  stageOf: (clock: FakeClock, desk: Desk) => Spectator,
  begins: (name: string) => void,
  all: readonly Play[] = plays,
): Promise<void> {
  for (const { name, flow, also, play, options: more, isByRun = false } of all) {
    begins(name);
    const { desk, clock, lines, options } = stage();
    desk.isByRun = isByRun;
    const spectator = stageOf(clock, desk);
    const { store, note } = spectator;
    const open = async (): Promise<Signalbox> => {
      const orchestrators = [flow, ...(also ?? [])];
      const given = { orchestrators, ...options, ...spectator.options, ...more, store };
      const made = clock.follow((await createSignalbox(given)) as unknown as Signalbox);
      spectator.opened?.(made);
      return made;
    };
    let box = await open();
    const told = (): void => {
      for (const place of desk.begun.splice(0)) note(`begun ${place}`);
      for (const { level, message } of lines.splice(0)) note(`log ${level} ${message}`);
    };
    const say: Theatre['say'] = async (what, done) => {
      const answer = await done.then(
        (value) => JSON.stringify(value ?? null),
        (error: Error) => `${error.name}: ${error.message}`,
      );
      await settled(box);
      told();
      note(`${what}: ${/^\{"id":"[^"]*"\}$/.test(answer) ? 'a run' : answer}`);
      await spectator.asks?.(box);
    };
    await play({
      store,
      clock,
      desk,
      note,
      get box() {
        return box;
      },
      say,
      async begin(given = null, more = {}) {
        const run = await box.start(flow as never, { id: 'r', input: given, ...more } as never);
        await settled(box);
        told();
        await spectator.asks?.(box);
        return run as Run<unknown>;
      },
      async reopen() {
        await box.close();
        note('closed');
        box = await open();
        await settled(box);
        told();
        await spectator.asks?.(box);
      },
    });
    await settled(box);
    told();
    await spectator.asks?.(box);
    await box.close();
  }
}
