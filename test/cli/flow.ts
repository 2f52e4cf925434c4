/**
 * The definitions of an application, as `--app` takes them. What its bodies do goes into the file `effects` of FLOW_FOLDER; while a file `hang`
 * stands there, `charge` does not come to an end, and while there is none called `mended`, `shaky` fails.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { z } from 'zod';
import { orchestrator, task, track } from '../../src/index.ts';

const at = (name: string): string => `${process.env.FLOW_FOLDER ?? '.'}/${name}`;
const has = (name: string): boolean => existsSync(at(name));
const did = (what: string, key: string): void => appendFileSync(at('effects'), `${what} ${key}\n`);

const Order = z.object({ cents: z.number() });
const hold = task('hold', {
  input: Order,
  output: z.string(),
  run({ key }) {
    did('hold', key);
    return key;
  },
});
const charge = task('charge', {
  input: Order,
  output: z.string(),
  async run({ key }) {
    did('charge begins', key);
    // A process that only waits for this would end by itself.
    while (has('hang')) await new Promise((resolve) => setTimeout(resolve, 20));
    did('charge', key);
    return key;
  },
});
const shaky = task('shaky', {
  input: Order,
  output: z.string(),
  run({ key }) {
    if (!has('mended')) throw new Error('the printer is on fire');
    did('shaky', key);
    return key;
  },
});
// Its body stands among `tasks`.
const ship = task('ship', { input: Order, output: z.string() });

const payment = track('payment', { input: Order })
  .step('hold', hold, ({ input }) => input)
  .step('charge', charge, ({ input }) => input)
  .wait('paid', { signal: 'paid', payload: z.object({ by: z.string() }), timeout: '2d' })
  .step('ship', ship, ({ input }) => input);
const release = track('release', { input: Order })
  .approval('manager', { ask: ({ input }) => `Pay ${input.cents}?`, assignees: { users: ['mia'], roles: ['finance'] } })
  .step('ship', ship, ({ input }) => input);

const whole = { input: ({ input }: { readonly input: { readonly cents: number } }) => input };
export const order = orchestrator('order', { version: '1', input: Order })
  .track('payment', payment, whole)
  .track(
    'thanks',
    track('thanks', { input: Order }).step('ship', ship, ({ input }) => input),
    {
      after: ['payment'],
      ...whole,
    },
  );
export const asking = orchestrator('asking', { version: '1', input: Order }).track('release', release, whole);
export const failing = orchestrator('failing', { version: '1', input: Order, onFailure: 'pause' }).track(
  'print',
  track('print', { input: Order }).step('page', shaky, ({ input }) => input),
  whole,
);

export const plain = orchestrator('plain', { version: '1', input: Order }).track(
  'payment',
  track('payment', { input: Order })
    .step('hold', hold, ({ input }) => input)
    .step('charge', charge, ({ input }) => input),
  whole,
);

export const family = orchestrator('family', { version: '1', input: Order }).track(
  'children',
  track('children', { input: Order }).run('child', order, ({ input }) => input),
  whole,
);

export const orchestrators = [order, asking, failing, plain, family];
export const tasks = {
  ship({ key }: { readonly key: string }) {
    did('ship', key);
    return key;
  },
};
