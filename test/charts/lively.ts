/** A run with something of everything under way, for pictures and explanations: done, running, retrying, waiting, failed, skipped, and a collection half done. */
import { compositeTrack, createSignalbox, orchestrator, type Run, task, track } from 'signalbox';
import { Anything, never, stage } from '../helpers/stage.ts';

const work = task('work', { input: Anything, output: Anything, run: never });
const flaky = task('flaky', { input: Anything, output: Anything, retry: { maxAttempts: 5, delay: '10m' }, run: never });

const intake = track('intake', { input: Anything }).step('check', work).step('reserve', flaky);
const payment = track('payment', { input: Anything })
  .wait('paid', { signal: 'paid', timeout: '2d', onTimeout: { do: work } })
  .step('book', work);
const parcels = track('parcels', { input: Anything })
  .map('lines', {
    over: () => '1..60',
    each: track('line', { input: Anything }).step('pack', work),
    concurrency: 8,
    strategy: 'waitAll',
  })
  .step('label', flaky);
const news = compositeTrack('news', {
  tracks: {
    mail: track('mail', { input: Anything }).step('send', work),
    shop: track('shop', { input: Anything }).step('tell', flaky),
  },
});
const close = track('close', { input: Anything })
  .branch('how', { on: () => 'short', routes: { short: work, long: intake } })
  .step('archive', work);

export const flow = orchestrator('fulfilment', { version: '3', input: Anything, onFailure: 'continue' })
  .track('intake', intake)
  .track('payment', payment, { after: ['intake'] })
  .track('parcels', parcels, { after: ['intake'] })
  .track('news', news, { after: ['intake'] })
  .track('close', close, { after: ['payment', 'parcels', 'news'] });

/** The run, two hours after its start. */
export async function lively() {
  const { desk, clock, options } = stage();
  const box = clock.follow(await createSignalbox({ ...options, orchestrators: [flow] }));
  const run = (await box.start(flow, { id: 'order-17', input: null })) as Run;
  await clock.advance('2s');
  desk.give('intake/check#1');
  await clock.advance('3s');
  desk.fail('intake/reserve#1');
  await clock.advance('10m');
  await clock.advance('1m');
  desk.give('intake/reserve#2');
  await clock.advance('20m');
  desk.fail('news/mail/send#1', new Error('no such address'));
  desk.fail('news/shop/tell#1');
  for (let item = 0; item < 31; item += 1) {
    await clock.advance('30s');
    if (item % 9 === 4) desk.fail(`parcels/lines/${item}/pack#1`);
    else desk.give(`parcels/lines/${item}/pack#1`);
  }
  await clock.advance('1h');
  return { flow, box, run, desk, clock };
}
