/** A bundle of orchestrations that end by themselves, for what must be the same whatever store, lane or mishap there is. */
import { type AnyOrchestrator, compositeTrack, orchestrator, type Signalbox, task, track } from 'signalbox';
import { z } from 'zod';
import { controlled } from './controlled.ts';
import { Anything } from './stage.ts';
import { undoings } from './undoing.ts';

/** Keys of the bodies that were called, in order. The scenarios add to it; a test empties it. */
export const called: string[] = [];

const echo = task('echo', {
  input: Anything,
  output: Anything,
  run: async ({ input, key }) => {
    called.push(key);
    return input;
  },
});
const atOnce = task('atOnce', { input: Anything, output: Anything, run: ({ key }) => void called.push(key) });
const flaky = task('flaky', {
  input: Anything,
  output: Anything,
  retry: { maxAttempts: 3, delay: '1s' },
  run: async ({ attempt, key }) => {
    called.push(key);
    if (attempt < 3) throw new Error(`attempt ${attempt}`);
    return attempt;
  },
});
const broken = task('broken', {
  input: Anything,
  output: Anything,
  run: async ({ key }) => {
    called.push(key);
    throw new Error('broken');
  },
});
/** The box that plays: what a body sends, it sends to its own run. A test sets it. */
export const playing: { box: Pick<Signalbox, 'signal'> | null } = { box: null };

/** Sends a signal as a webhook does: under an id, so that it may be sent again. Answers with what became of it. */
const sends = (name: string, ...payloads: readonly unknown[]) =>
  task(`sends${name}`, {
    input: Anything,
    output: Anything,
    run: async ({ key, run: { id } }) => {
      called.push(key);
      const answers: string[] = [];
      for (const [index, payload] of payloads.entries())
        answers.push((await playing.box?.signal(id, name, payload, { id: `${key} ${index}` }))?.answer ?? '');
      return answers;
    },
  });

/** Ends when it is told to, and not before. */
const waiting = task('waiting', {
  input: Anything,
  output: Anything,
  run: ({ key, signal }) => {
    called.push(key);
    signal.addEventListener('abort', () => called.push(`told to end: ${key}`), { once: true });
    return new Promise(() => {});
  },
  cleanup: ({ key }) => void called.push(`cleanup ${key}`),
});

const head = { version: '1', input: Anything } as const;
const one = (name: string, body: { readonly is: 'task' }) =>
  track(name, { input: Anything }).step(name, body as typeof echo, ({ input }) => input);
const chain = track('chain', { input: Anything })
  .step('one', echo, () => 1)
  .step('two', atOnce)
  .step('three', echo, () => 3);
const inner = compositeTrack('inner', {
  tracks: { left: chain, right: one('right', flaky) },
  merge: (outputs) => outputs,
});

/** Time that passes, alone and beside something else, and at no length at all. */
const naps = track('naps', { input: Anything })
  .step('one', echo, () => 1)
  .sleep('short', '1s')
  .step('two', echo, () => 2)
  .sleep('none', 0);

/** Signals that come early and in time, twice and of the wrong shape, and those that never come. */
const early = track('early', { input: Anything })
  .step('send', sends('Early', 1, 'no number', 2, 3))
  .wait('first', { signal: 'Early', payload: z.number() })
  .wait('third', { signal: 'Early', where: ({ payload }) => payload === 3 })
  .wait('second', { signal: 'Early' });
const waits = track('waits', { input: Anything })
  .wait('go', { signal: 'Go', payload: z.object({ n: z.number() }) })
  .step('then', echo, ({ outputs }) => outputs.go.n);
const late = { signal: 'Never', timeout: '1s' } as const;
const never = track('never', { input: Anything })
  .wait('value', { ...late, onTimeout: { value: 5 } })
  .wait('other', { ...late, onTimeout: { do: chain, input: ({ previous }) => previous } })
  .wait('failing', { ...late, onTimeout: { do: one('failing', broken) } });
const lost = track('lost', { input: Anything }).wait('lost', late);

/** Child runs: one that is waited for, in a family of three; one that is not, and sends its parent a signal; one that fails. */
const small = orchestrator('small', head).track('s', chain);
const middle = orchestrator('middle', head).track('m', track('m', { input: Anything }).run('small', small));
const telling = orchestrator('telling', head).track(
  'tell',
  track('tell', { input: Anything })
    .step('before', echo, ({ input }) => input)
    .signal('back', { signal: 'Back', to: ({ input }) => input, payload: ({ previous }) => previous }),
  { input: ({ input }) => input },
);
const failing = orchestrator('failing', head).track('f', one('f', broken));
/** Tells the parent that it has begun, and ends when it is cancelled with it. */
const held = task('held', {
  input: Anything,
  output: Anything,
  run: async ({ input, key }) => {
    called.push(key);
    await playing.box?.signal(input, 'Ready', null, { id: key });
    return new Promise(() => {});
  },
  cleanup: ({ key }) => void called.push(`cleanup ${key}`),
});
const holding = orchestrator('holding', head).track('h', one('h', held), { input: ({ input }) => input });
const fails = track('fails', { input: Anything }).wait('ready', { signal: 'Ready' }).step('broken', broken);
const apart = track('apart', { input: Anything })
  .run('telling', { orchestrator: telling, detach: true, input: ({ run }) => run.id })
  .emit('told', { event: 'back', data: ({ previous }) => previous })
  .sleep('past', { until: '2020-01-01' })
  .step('then', echo, () => 'then')
  .sleep('until', { until: ({ run }) => run.startedAt + 3_000 });

export const scenarios: readonly AnyOrchestrator[] = [
  orchestrator('nothing', head),
  orchestrator('emptyTrack', head)
    .track('empty', track('empty', { input: Anything }))
    .track('next', one('next', echo), { after: ['empty'] }),
  orchestrator('chain', head).track('chain', chain),
  orchestrator('diamond', head)
    .track('a', one('a', echo))
    .track('b', chain, { after: ['a'] })
    .track('c', one('c', atOnce), { after: ['a'] })
    .track('d', one('d', echo), { after: ['b', 'c'], input: ({ outputs }) => outputs.b })
    .output(({ outputs }) => outputs.d),
  orchestrator('retries', head).track('a', one('a', flaky)).track('b', one('b', flaky)),
  orchestrator('nested', head)
    .track('top', compositeTrack('top', { tracks: { inner, beside: chain } }))
    .track('then', one('then', echo), { after: ['top'] }),
  orchestrator('asyncEnds', head)
    .track(
      'a',
      chain.output(async ({ outputs }) => outputs.one),
    )
    .output(async ({ outputs }) => ({ got: outputs.a })),
  orchestrator('failFast', head)
    .track('a', one('a', broken))
    .track('b', one('b', waiting))
    .track('c', one('c', echo), { after: ['b'] }),
  orchestrator('continue', { ...head, onFailure: 'continue' })
    .track('a', one('a', broken))
    .track('b', one('b', flaky))
    .track('c', one('c', echo), { after: ['a'] }),
  orchestrator('badMapper', head)
    .track('a', chain)
    .track('b', one('b', echo), {
      after: ['a'],
      input: () => {
        throw new Error('no way');
      },
    }),
  orchestrator('oneAtATime', { ...head, concurrency: 1 })
    .track('a', one('a', flaky))
    .track('b', one('b', echo))
    .track('c', one('c', echo), { after: ['a'] }),
  orchestrator('signals', head)
    .track('early', early)
    .track('waits', waits)
    .track(
      'sends',
      track('sends', { input: Anything })
        .sleep('nap', '1s')
        .step('send', sends('Go', {}, { n: 7 })),
    )
    .track('none', one('none', echo), { after: ['waits'] }),
  orchestrator('silence', { ...head, onFailure: 'continue' })
    .track('never', never)
    .track('lost', lost),
  orchestrator('sleeps', head)
    .track('a', naps)
    .track('b', one('b', flaky))
    .track('c', one('c', echo), { after: ['a', 'b'] }),
  orchestrator('hooked', {
    ...head,
    onFailure: 'continue',
    hooks: [
      { beforeRun: () => {}, beforeTrack: async () => {}, beforeStep: async () => {}, afterStep: async () => {} },
      {
        beforeStep: ({ path }) => {
          if (path === 'b/b') throw new Error('not this one');
        },
        beforeTrack: async ({ path }) => {
          if (path === 'd') throw new Error('nor that one');
        },
      },
    ],
  })
    .track('a', one('a', flaky))
    .track('b', one('b', echo))
    .track('c', one('c', atOnce), { after: ['a'] })
    .track('d', naps),
  ...undoings(called),
  ...controlled({ echo, atOnce, flaky, broken, waiting }),
  orchestrator('children', { ...head, onFailure: 'continue' })
    .track(
      'family',
      track('family', { input: Anything })
        .run('middle', middle)
        .step('then', echo, () => 1),
    )
    .track('back', track('back', { input: Anything }).wait('back', { signal: 'Back' }))
    .track('apart', apart, { after: ['family'] })
    .track('bad', track('bad', { input: Anything }).run('failing', failing), { after: ['apart', 'back'] })
    .track('nobody', track('nobody', { input: Anything }).signal('tell', { signal: 'x', to: () => 'nobody' })),
  orchestrator('childCancelled', head)
    .track(
      'a',
      track('a', { input: Anything }).run('held', holding, ({ run }) => run.id),
    )
    .track('b', fails),
];

/** Bodies that wait, at two depths, and a track that has not begun: for cancelling. */
export const endless: AnyOrchestrator = orchestrator('endless', head)
  .track('a', one('a', waiting))
  .track('b', compositeTrack('b', { tracks: { left: one('left', waiting), right: one('right', waiting) } }))
  .track('c', one('c', echo), { after: ['a'] });
/** How many bodies of `endless` wait. */
export const WAITING = 3;
