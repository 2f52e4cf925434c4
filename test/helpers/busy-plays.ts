/** Plays of many bodies at once: limits, rates, priorities, budgets, kept outputs, hooks, heartbeats, cleanups, undoing, other runs. */
import { type AnyOrchestrator, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import type { Play, Theatre } from './plays.ts';
import { Anything, never } from './stage.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const body = (name: string, more: object = {}) =>
  task(name, { input: Anything, output: Anything, run: never, ...more });
const given = ({ input: it }: { readonly input: unknown }) => it;
const handed = { input: given };
/** A flow of one step. */
const one = (name: string, does: ReturnType<typeof body>, more: object = {}): AnyOrchestrator =>
  orchestrator(name, { ...head, ...more }).track('t', track('t', input).step('s', does, given), handed);

/** Starts some runs, with an input each, and lets everything happen. */
async function start({ begin, note }: Theatre, inputs: readonly unknown[], more: object = {}): Promise<void> {
  for (const [at, each] of inputs.entries()) {
    note(`start r${at}`);
    await begin(each, { id: `r${at}`, ...more });
  }
}

const fails = body('fails', { retry: { maxAttempts: 2, delay: '1m' }, concurrency: 1 });

const nap = async (box: Theatre['box']): Promise<void> => void (await settled(box));

const plays: readonly Play[] = [
  {
    name: 'bodies stand in line for a task',
    flow: one(
      'line',
      body('few', {
        concurrency: { limit: 1, key: ({ input: it }: never) => (it as { k: string }).k },
        priority: ({ input: it }: never) => (it as { p?: number }).p ?? 0,
      }),
    ),
    async play(theatre) {
      const { desk, box, say, clock } = theatre;
      await start(theatre, [{ k: 'a' }, { k: 'a' }, { k: 'b' }, { k: 'a', p: 5 }, { k: 'b' }]);
      await say(
        'a snapshot',
        box
          .run('r1')
          .snapshot()
          .then(({ steps }) => steps['t/s']?.waitingFor),
      );
      for (const run of ['r0', 'r2', 'r3']) {
        desk.give(`${run}/t/s#1`);
        await nap(box);
      }
      await say('cancel', box.run('r1').cancel({ reason: 'no need' }));
      desk.give('r4/t/s#1');
      await say('a minute', clock.advance('1m'));
    },
  },
  ...(['dropNewest', 'replaceOldest'] as const).map(
    (whenFull): Play => ({
      name: `a task that is full: ${whenFull}`,
      flow: one(
        'full',
        body('few', {
          concurrency: { limit: 1, whenFull, queue: 1 },
          cleanup: () => {},
          retry: { maxAttempts: 2, delay: '1m' },
        }),
      ),
      async play(theatre) {
        const { desk, say, clock } = theatre;
        await start(theatre, [1, 2, 3, 4]);
        desk.give('r0/t/s#1');
        await say('two minutes', clock.advance('2m'));
        for (const place of desk.open) desk.give(place);
        await say('ten minutes', clock.advance('10m'));
        for (const place of desk.open) desk.give(place);
      },
    }),
  ),
  {
    name: 'a rate, and a limit of the box by run',
    flow: orchestrator('rated', { ...head, bodies: 2 }).track(
      't',
      track('t', input).map('m', {
        over: () => '1..5',
        each: body('often', { rate: { limit: 2, per: '1m', burst: 1 } }),
        concurrency: 5,
      }),
    ),
    options: { concurrency: 3, fairness: { by: (run: { readonly id: string }) => run.id, weight: () => 2 } },
    async play(theatre) {
      const { desk, say, clock } = theatre;
      await start(theatre, [1, 2]);
      for (let round = 0; round < 6; round += 1) {
        await say('a minute', clock.advance('1m'));
        for (const place of desk.open) desk.give(place);
      }
      await say('an hour', clock.advance('1h'));
    },
  },
  {
    name: 'a budget is spent, comes back, and outlives its process',
    flow: one(
      'drawing',
      body('draw', {
        budget: { limit: 3, per: '1h', key: () => 'acme', cost: ({ input: it }: never) => it as number },
        retry: {
          maxAttempts: 2,
          delay: '1s',
          when: (error: { code?: string }) => error.code === 'budget-spent',
        },
      }),
    ),
    async play(theatre) {
      const { desk, say, clock } = theatre;
      await start(theatre, [1, 2, 1, 4]);
      await say('what is left', theatre.box.budgets());
      desk.give('r0/t/s#1');
      await say('half an hour', clock.advance('30m'));
      await theatre.reopen();
      await say('what is left', theatre.box.budgets({ task: 'draw', key: 'acme' } as never));
      await say('an hour', clock.advance('1h'));
      for (const place of desk.open) desk.give(place);
      await say('a day', clock.advance('1d'));
    },
  },
  {
    name: 'outputs are kept',
    flow: one(
      'rates',
      body('rate', {
        cache: {
          ttl: '10m',
          key: ({ input: it }: never) => it,
          bypass: ({ run }: never) => (run as { metadata: { fresh?: boolean } }).metadata.fresh === true,
        },
      }),
    ),
    async play(theatre) {
      const { desk, box, say, clock, begin } = theatre;
      await start(theatre, ['usd', 'usd', 'eur']);
      desk.give('r0/t/s#1', 7);
      await nap(box);
      await say(
        'once more',
        begin('usd', { id: 'again' }).then((run) => run.outcome()),
      );
      await begin('usd', { id: 'fresh', metadata: { fresh: true } });
      desk.give('fresh/t/s#1', 8);
      await say('eleven minutes', clock.advance('11m'));
      await begin('usd', { id: 'late' });
      desk.fail('late/t/s#1');
      await nap(box);
    },
  },
  {
    name: 'hooks are asked, and told',
    flow: orchestrator('hooked', {
      ...head,
      onFailure: 'continue',
      hooks: [
        { name: 'of the run', beforeTrack: async () => {}, afterTrack: () => {}, onError: () => {}, onRetry: () => {} },
      ],
    })
      .track(
        'a',
        track('a', {
          ...input,
          hooks: [{ name: 'of the track', beforeStep: () => {}, afterStep: async () => {} }],
        }).step('s', body('tries', { retry: { maxAttempts: 2, delay: '1s' } }), given),
        handed,
      )
      .track(
        'b',
        track('b', input).step(
          's',
          body('guarded', { hooks: [{ name: 'of the task', timeout: '2s', beforeStep: () => new Promise(() => {}) }] }),
          given,
        ),
        handed,
      )
      .track(
        'c',
        track('c', input).step(
          's',
          body('warned', {
            hooks: [
              {
                name: 'may fail',
                onHookError: 'ignore',
                beforeStep: () => {
                  throw new Error('no');
                },
                afterStep: () => {
                  throw new Error('too late');
                },
              },
            ],
          }),
          given,
        ),
        { ...handed, after: ['a'] },
      ),
    options: {
      hooks: [
        {
          name: 'of the box',
          beforeRun: async () => {},
          afterRun: () => {},
        },
        { name: 'of some places', beforeStep: () => {}, only: { path: ['a/**', 'c/*'] } },
      ],
    },
    async play(theatre) {
      const { desk, say, clock } = theatre;
      await start(theatre, [1]);
      desk.fail('r0/a/s#1');
      await say('three seconds', clock.advance('3s'));
      desk.give('r0/a/s#2');
      await say('a moment', clock.advance('1s'));
      await theatre.reopen();
      desk.give('r0/c/s#1');
      await say('a minute', clock.advance('1m'));
    },
  },
  {
    name: 'a hook of the run refuses it, and a cancel comes while one is asked',
    flow: one('refused', body('work', { hooks: [{ beforeStep: () => new Promise(() => {}), timeout: '1m' }] })),
    options: {
      hooks: [
        {
          beforeRun: ({ run }: { run: { id: string } }) => {
            if (run.id === 'no') throw new Error('not today');
          },
        },
      ],
    },
    async play({ begin, say, box, clock }) {
      await say('start', begin(1, { id: 'no' }));
      const run = await begin(2, { id: 'yes' });
      await say('cancel', run.cancel({ reason: 'enough' }));
      await say('two minutes', clock.advance('2m'));
      await say('outcome', box.run('yes').outcome());
    },
  },
  {
    name: 'bodies die, run late, and are tidied up',
    flow: orchestrator('tidy', { ...head, onFailure: 'continue' })
      .track(
        'beats',
        track('beats', input).step('s', body('beats', { heartbeat: '10s', cleanup: () => {} }), given),
        handed,
      )
      .track(
        'late',
        track('late', input).step(
          's',
          body('late', {
            timeout: '20s',
            retry: { maxAttempts: 2, delay: '5s' },
            cleanup: () => {
              throw new Error('cannot');
            },
          }),
          given,
        ),
        handed,
      )
      .track(
        'slow',
        track('slow', input).step('s', body('slow', { cleanup: () => new Promise(() => {}), timeout: '15s' }), given),
        handed,
      ),
    async play(theatre) {
      const { desk, say, clock } = theatre;
      await start(theatre, [1]);
      await say('eight seconds', clock.advance('8s'));
      desk.job('r0/beats/s#1').beat();
      desk.job('r0/beats/s#1').progress(0.5, 'half');
      desk.job('r0/beats/s#1').log('so far', { n: 1 });
      await say('eight more', clock.advance('8s'));
      await say('ten more', clock.advance('10s'));
      desk.give('r0/beats/s#1', 'too late');
      await say('a minute', clock.advance('1m'));
      desk.job('r0/late/s#2').progress(0.9);
      await say('an hour', clock.advance('1h'));
    },
  },
  {
    name: 'what has been done is undone, with a process that goes in the middle',
    flow: orchestrator('undone', { ...head, onFailure: 'compensate' }).track(
      't',
      track('t', input)
        .step('a', body('book', { compensate: () => {} }), given)
        .step(
          'b',
          body('pay', {
            compensate: {
              run: () => {
                throw new Error('no refund');
              },
              retry: { maxAttempts: 2, delay: '10s' },
            },
          }),
          given,
        )
        .step('c', body('ship'), given),
      handed,
    ),
    async play(theatre) {
      const { desk, say, clock } = theatre;
      await start(theatre, [1]);
      desk.give('r0/t/a#1');
      await nap(theatre.box);
      desk.give('r0/t/b#1');
      await nap(theatre.box);
      desk.fail('r0/t/c#1');
      await say('five seconds', clock.advance('5s'));
      await theatre.reopen();
      await say('a minute', clock.advance('1m'));
      await say('once more', theatre.box.run('r0').compensate({ by: 'eve' }));
      await say('a minute', clock.advance('1m'));
    },
  },
  {
    name: 'runs begin, tell and end other runs',
    flow: (() => {
      const inner = orchestrator('inner', head).track(
        'i',
        track('i', input).wait('w', { signal: 'go' }).step('s', body('within'), given),
      );
      return orchestrator('outer', { ...head, onFailure: 'continue' })
        .track('child', track('child', input).run('c', { orchestrator: inner, input: () => 1 }))
        .track(
          'apart',
          track('apart', input)
            .run('d', { orchestrator: inner, detach: true, input: () => 2 })
            .signal('tell', {
              signal: 'go',
              to: ({ previous }: { previous: unknown }) => previous as string,
              payload: () => 'now',
            } as never),
        )
        .track('waits', track('waits', input).wait('done', { signal: 'done', timeout: '1h' }));
    })(),
    async play(theatre) {
      const { desk, say, clock, box } = theatre;
      await start(theatre, [1]);
      await say('a moment', clock.advance('1s'));
      const children: string[] = [];
      for (const { run } of (await box.runs({ orchestrator: 'inner' })).runs) children.push(run);
      for (const child of children)
        await say('go', box.signal(child, 'go' as never, null as never, { id: 'go' } as never));
      for (const place of desk.open) desk.give(place);
      await say('a moment', clock.advance('1s'));
      await say('cancel', box.run('r0').cancel({ reason: 'enough' }));
      await say('a minute', clock.advance('1m'));
    },
  },
  {
    name: 'a run stands still, is paused, and goes on',
    flow: orchestrator('still', { ...head, onFailure: 'pause' })
      .track('a', track('a', input).step('s', fails, given), handed)
      .track('b', track('b', input).step('s', fails, given).sleep('nap', '5m'), handed),
    async play(theatre) {
      const { desk, say, clock, box } = theatre;
      await start(theatre, [1]);
      desk.fail('r0/a/s#1');
      await say('pause', box.run('r0').pause());
      await say('two minutes', clock.advance('2m'));
      for (const place of desk.open) desk.fail(place);
      await say('resume', box.run('r0').resume());
      await say('ten minutes', clock.advance('10m'));
      for (const place of desk.open) desk.fail(place);
      await say('ten minutes', clock.advance('10m'));
      for (const place of desk.open) desk.fail(place);
      await say('ten minutes', clock.advance('10m'));
      await say('skip', box.run('r0').skip('a/s', { by: 'eve', reason: 'no need', output: 1 } as never));
      await theatre.reopen();
      await say('retry', theatre.box.run('r0').retry('b/s', { by: 'eve', reason: 'mended' } as never));
      for (const place of desk.open) desk.give(place);
      await say('ten minutes', clock.advance('10m'));
    },
  },
];

export const busyPlays: readonly Play[] = plays.map((play) => ({ ...play, isByRun: true }));
