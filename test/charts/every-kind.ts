/** A definition with every kind of step that there is, for charts, drawings and what explains a run. */
import { compositeTrack, orchestrator, task, track } from 'signalbox';
import { Anything } from '../helpers/stage.ts';

export const work = task('work', { input: Anything, output: Anything, run: () => null });
export const charge = task('charge', {
  input: Anything,
  output: Anything,
  retry: { maxAttempts: 3, delay: '1m' },
  timeout: '30s',
  run: () => null,
  compensate: () => {},
});

const refund = orchestrator('refund', { version: '1', input: Anything }).track(
  'r',
  track('r', { input: Anything }).step('back', work),
);

const pay = track('pay', { input: Anything })
  .wait('paid', { signal: 'paid', timeout: '2d', onTimeout: { do: work } })
  .wait('seen', { signal: 'seen', timeout: '1h', onTimeout: { value: 1 } })
  .wait('sure', { signal: 'sure', timeout: '1h' })
  .wait('ever', { signal: 'ever' })
  .sleep('cooling', '2d')
  .step('charge', charge);

const decide = track('decide', { input: Anything })
  .branch('risk', { on: () => 'low', routes: { low: work, high: pay } })
  .branch('many', {
    when: [
      [() => true, work],
      [() => true, charge],
    ],
    all: true,
    otherwise: work,
  })
  .branch('some', { when: [[() => true, work]], otherwise: null })
  .set('remember', { a: 1 })
  .emit('told', { event: 'order.shipped' });

const gather = track('gather', { input: Anything })
  .map('lines', { over: () => [1], each: track('line', { input: Anything }).step('ship', work), concurrency: 4 })
  .loop('poll', { body: work, until: () => true, maxIterations: 5 })
  .group('pack', (t) => t.step('box', work).step('label', charge), { onError: work })
  .parallel('notify', { mail: work, sms: charge }, { strategy: 'race' })
  .parallel('votes', { a: work, b: work, c: work }, { strategy: { quorum: 2 } })
  .parallel('best', { a: work, b: work }, { strategy: 'bestEffort' })
  .parallel('any', { a: work, b: work }, { strategy: 'allowNone' })
  .aggregate('total', { output: Anything, of: () => 1 })
  .run('refund', refund)
  .signal('tell', { signal: 'shipped', to: () => 'x' })
  .step('maybe', work, undefined as never, { optional: true } as never);

const stop = track('stop', { input: Anything }).terminate('end', { as: 'failed', reason: 'no' });

/** Each kind of step once at the least, in tracks one after the other: side by side they would make very many states. */
export const everyKind = orchestrator('everyKind', { version: '1', input: Anything })
  .track('pay', pay)
  .track('decide', decide, { after: ['pay'] })
  .track('gather', gather, { after: ['decide'] })
  .track(
    'launch',
    compositeTrack('launch', { tracks: { web: pay, mail: track('mail', { input: Anything }).step('send', work) } }),
    { after: ['gather'] },
  )
  .track('stop', stop, { after: ['launch'] });
