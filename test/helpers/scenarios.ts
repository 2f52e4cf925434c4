/** A bundle of orchestrations that end by themselves, for what must be the same whatever store, lane or mishap there is. */
import { type AnyOrchestrator, compositeTrack, orchestrator, type Signalbox, task, track } from 'signalbox';
import { z } from 'zod';
import { controlled } from './controlled.ts';
import { Anything } from './stage.ts';
import { again, undoings } from './undoing.ts';

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
export const playing: { box: Pick<Signalbox, 'signal' | 'decide' | 'approval'> | null } = { box: null };

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

/** Says something to approvals of its own run, under ids, so that it may say it again. */
const says = (...given: readonly { readonly to: string; readonly looks?: true; readonly say: object }[]) =>
  task('says', {
    input: Anything,
    output: Anything,
    run: async ({ key, run: { id } }) => {
      called.push(key);
      const answers: unknown[] = [];
      for (const [index, { to, say, looks }] of given.entries()) {
        const approval = `${id}/${to}`;
        const digest = looks ? { digest: (await playing.box?.approval(approval))?.digest ?? '' } : {};
        const options = { decision: 'approve', by: 'mia', id: `${key} ${index}`, ...digest, ...say } as const;
        const answer = await playing.box?.decide(approval, options);
        answers.push(answer !== undefined && 'reason' in answer ? answer.reason : answer?.answer);
      }
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
  .sleep('none', 0)
  .sleep('told', { for: () => '1s' });

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

/** People are asked, before, after and by steps of their own: they decide, vote, edit, send back; or nobody does in time. */
const alike = {
  input: Anything,
  output: Anything,
  run: async ({ key }: { readonly key: string }) => void called.push(key),
};
const asksFirst = task('asksFirst', { ...alike, approval: { ask: 'Begin?', decisions: ['approve', 'edit'] } });
const isReviewed = task('isReviewed', {
  ...alike,
  retry: { maxAttempts: 2 },
  review: { ask: 'Is that right?', decisions: ['approve', 'retry'], expires: '1m', onExpiry: 'approve' },
});
const people = track('people', { input: Anything })
  .approval('two', {
    ask: 'Both of you?',
    propose: () => ({ n: 1 }),
    decisions: ['approve', 'edit', 'reject'],
    quorum: { approvals: 2, veto: false },
  })
  .step('then', echo, ({ outputs }) => outputs.two.value);
const nobody = track('nobody', { input: Anything })
  .approval('waits', {
    ask: 'Anybody?',
    expires: '2s',
    remind: '1s',
    onExpiry: 'escalate',
    escalate: { users: ['boss'] },
    assignees: { users: ['eve'] },
  })
  .step('then', echo, () => 1);
const gated = track('gated', { input: Anything })
  .step('measures', echo, () => ({ coverage: 91, speed: 7 }))
  .gate('good', {
    criteria: { 'measures.coverage': { min: 80, required: true }, 'measures.speed': { min: 8.5 } },
    review: { expires: '1m', onExpiry: 'approve' },
    action: { do: echo, input: () => 'passed' },
  });
const word = track('word', { input: Anything })
  .sleep('first', '1s')
  .step(
    'says',
    says(
      { to: 'people/two#1', say: { decision: 'claim' } },
      { to: 'people/two#1', say: { by: 'tom' } },
      { to: 'people/two#1', say: { decision: 'edit', patch: { n: 2 } } },
      { to: 'people/two#1', say: { by: 'tom' } },
      { to: 'people/two#1', looks: true, say: { by: 'tom', decision: 'reject', comment: 'no' } },
      { to: 'people/two#1', looks: true, say: { by: 'tom' } },
      { to: 'people/two#1', looks: true, say: { by: 'tom', decision: 'withdraw' } },
      { to: 'begins/begins#1', say: { decision: 'edit', patch: 7 } },
      { to: 'people/two#1', looks: true, say: { by: 'tom' } },
      { to: 'people/two#1', looks: true, say: { by: 'eve' } },
    ),
  );

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
  orchestrator('people', { ...head, onFailure: 'continue' })
    .track('people', people)
    .track('begins', one('begins', asksFirst))
    .track('word', word)
    .track('checked', one('checked', isReviewed), { after: ['word'] })
    .track('nobody', nobody, { after: ['word'] })
    .track('gated', gated, { after: ['word'] }),
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

/** A run that is made again from a step. */
export const rerun: AnyOrchestrator = again(called);

/** Bodies that wait, at two depths, and a track that has not begun: for cancelling. */
export const endless: AnyOrchestrator = orchestrator('endless', head)
  .track('a', one('a', waiting))
  .track('b', compositeTrack('b', { tracks: { left: one('left', waiting), right: one('right', waiting) } }))
  .track('c', one('c', echo), { after: ['a'] });
/** How many bodies of `endless` wait. */
export const WAITING = 3;
