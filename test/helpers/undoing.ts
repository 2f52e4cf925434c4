/** Scenarios of runs that are undone, because a step fails: over parallel tracks, items, rounds and child runs, with compensations that fail and that are tried again. */
import { type AnyOrchestrator, orchestrator, task, track } from 'signalbox';
import { Anything } from './stage.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;

/** `called` is told every body, as it is of the other scenarios, and every compensation by its key. */
export function undoings(called: string[]): readonly AnyOrchestrator[] {
  const tried = new Map<string, number>();
  const bodies = {
    input: Anything,
    output: Anything,
    run: async ({ input: given, key }: { readonly input: unknown; readonly key: string }) => {
      called.push(key);
      return given;
    },
  };
  const paid = task('paid', { ...bodies, compensate: async ({ key }) => void called.push(key) });
  const stuck = task('stuck', {
    ...bodies,
    compensate: ({ key }) => {
      called.push(key);
      throw new Error('it stays');
    },
  });
  const shaky = task('shaky', {
    ...bodies,
    compensate: {
      run: async ({ key }) => {
        called.push(key);
        const times = (tried.get(key) ?? 0) + 1;
        tried.set(key, times);
        throw new Error('not yet');
      },
      retry: { maxAttempts: 3, delay: '1s' },
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
  const soft = track('soft', input)
    .step('may', broken, () => 1, { permissive: true })
    .step('then', paid);
  const inner = orchestrator('undoneInner', head).track('i', track('i', input).step('one', paid).step('two', paid));
  // The loser of the race is cancelled while its run goes on, and has something that cannot be undone.
  const slow = orchestrator('undoneSlow', head).track(
    's',
    track('s', input).step('one', paid).step('stuck', stuck).wait('never', { signal: 'nobody' }),
  );
  const quick = orchestrator('undoneQuick', head).track('q', track('q', input).sleep('nap', '1s').step('one', paid));
  return [
    orchestrator('undone', { ...head, onFailure: 'compensate' })
      .track(
        'a',
        track('a', input)
          .step('one', paid)
          .step('two', bare(bodies))
          .step('may', broken, () => null, { optional: true })
          .sleep('nap', '1s')
          .step('three', paid),
      )
      .track('b', track('b', input).map('items', { over: () => [1, 2, 3], each: paid, concurrency: 2 }))
      .track('c', track('c', input).loop('rounds', { body: paid, while: ({ index }) => index < 2 }))
      .track('d', track('d', input).step('broken', broken), { after: ['a', 'b', 'c'] }),
    orchestrator('borne', { ...head, onFailure: 'compensate' })
      .track(
        'a',
        track('a', input)
          .step('may', broken, () => null, { permissive: true })
          .step('two', paid)
          .map('items', { over: () => [1, 2, 3], each: soft, concurrency: 2 })
          .loop('rounds', { body: soft, while: ({ index }) => index < 2 })
          .group('group', (group) => group.step('might', broken, () => 1, { permissive: true }).step('must', broken), {
            onError: paid,
          })
          .branch('every', {
            all: true,
            when: [
              [() => true, soft],
              [() => true, paid],
            ],
          }),
      )
      .track('b', track('b', input).sleep('nap', '1s').step('one', paid))
      .track('c', track('c', input).step('one', paid), { after: ['a'] }),
    orchestrator('undoneInPart', { ...head, onFailure: 'compensate' })
      .track('a', track('a', input).step('one', paid).step('stuck', stuck).step('shaky', shaky).step('four', paid))
      .track('b', track('b', input).step('broken', broken), { after: ['a'] }),
    orchestrator('undoneFamily', { ...head, onFailure: 'compensate' }).track(
      'a',
      track('a', input).step('one', paid).run('inner', inner).step('two', paid).step('broken', broken),
    ),
    orchestrator('undoneRace', { ...head, onFailure: 'compensate' }).track(
      'a',
      track('a', input)
        .parallel(
          'race',
          { quick: track('quick', input).run('inner', quick), slow: track('slow', input).run('inner', slow) },
          { strategy: 'race' },
        )
        .step('broken', broken),
    ),
  ];
}

/** A task that has nothing to undo. */
function bare(bodies: object) {
  return task('bare', bodies as { readonly input: typeof Anything; readonly output: typeof Anything });
}

/** What fails in it stands still until somebody intervenes. */
export const held: AnyOrchestrator = orchestrator('heldUp', { ...head, onFailure: 'pause' })
  .track(
    'a',
    track('a', input)
      .step(
        'one',
        task('one', { input: Anything, output: Anything, run: () => 1, retry: { maxAttempts: 2, delay: '1s' } }),
      )
      .sleep('nap', '5m')
      .step('two', task('two', { input: Anything, output: Anything, run: () => 1 })),
  )
  .track(
    'b',
    track('b', input).map('items', {
      over: () => [1, 2, 3],
      each: task('each', { input: Anything, output: Anything, run: () => 1 }),
    }),
  );

/** Its end is that its time is over, which a clock that hurries would bring about too soon. */
export const late: AnyOrchestrator = orchestrator('late', { ...head, onFailure: 'compensate', deadline: '1h' })
  .track(
    'a',
    track('a', input)
      .step('one', task('paid', { input: Anything, output: Anything, run: () => 1, compensate: () => {} }))
      .wait('never', { signal: 'nobody' }),
  )
  .track(
    'b',
    track('b', { ...input, deadline: '20m' })
      .sleep('nap', '5m')
      .step(
        'two',
        task('shaky', { input: Anything, output: Anything, run: () => 1, retry: { maxAttempts: 9, delay: '4m' } }),
      ),
  );

/** The run `r` of it fails, and is made again from `a/two`: that one takes over what had finished, in `b` only once `a` has ended, and all that was set there. */
export function again(called: string[]): AnyOrchestrator {
  const bodies = { input: Anything, output: Anything };
  const fine = task('fine', { ...bodies, run: async ({ key }) => void called.push(key) });
  const shaky = task('shaky', {
    ...bodies,
    run: async ({ key, run }) => {
      called.push(key);
      if (run.id === 'r') throw new Error('not in the first run');
    },
  });
  return orchestrator('again', { ...head, onFailure: 'continue', concurrency: 1 })
    .track(
      'a',
      track('a', input)
        .step('one', fine)
        .set('set', { by: ({ run }) => run.id, last: 'a' })
        .step('two', shaky)
        .step('three', fine)
        .output(({ run }) => run.variables),
    )
    .track(
      'b',
      track('b', input).group('group', (group) => group.step('one', fine).set('set', { last: 'b' }).step('two', shaky)),
    )
    .track('c', track('c', input).step('one', fine).set('set', { c: 'c' }));
}
