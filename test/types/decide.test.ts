/** What is decided, as types: where somebody is asked, what can be decided there, and what comes with it. `tsc` is the judge. */
import {
  createSignalbox,
  defineOrchestrator,
  defineTrack,
  orchestrator,
  type RunInput,
  type RunOutput,
  task,
  track,
} from 'signalbox';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';

const any = z.any();
const Draft = z.object({
  to: z.string(),
  cents: z.number(),
  tags: z.array(z.string()),
  at: z.object({ zip: z.string() }),
});
const Count = z.coerce.number<string | number>();

const send = task('send', {
  input: Draft,
  output: z.object({ sent: z.boolean() }),
  approval: {
    ask: ({ input }) => input.to,
    decisions: { approve: true, edit: true, abort: z.object({ code: z.string() }) },
  },
  review: { ask: ({ output }) => String(output.sent), decisions: ['approve', 'retry'] },
});
const quiet = task('quiet', { input: any, output: any, run: ({ input }) => input });
const inner = track('inner', { input: any }).approval('usual', { ask: 'Well?' });
const child = orchestrator('child', { version: '1', input: any }).track(
  't',
  track('t', { input: any }).approval('theirs', { ask: 'x' }),
);
const payment = track('payment', { input: Draft })
  .approval('release', {
    ask: ({ input }) => input.to,
    propose: ({ input }) => input,
    value: Draft,
    decisions: {
      approve: z.object({ code: z.string(), times: Count.optional() }),
      edit: true,
      reject: true,
      replace: true,
      skip: z.object({ why: z.string() }).optional(),
    },
  })
  .group('g', (t) => t.step('deep', inner))
  .map('items', {
    over: () => [1],
    each: track('item', { input: z.number() }).approval('one', {
      ask: '?',
      decisions: ['approve', 'respond'],
      value: Count,
    }),
  })
  .gate('quality', { criteria: { n: { min: 1 } }, values: () => ({ n: 1 }) })
  .step('quiet', quiet)
  .run('child', child);
const order = orchestrator('order', {
  version: '1',
  input: Draft,
  approval: { ask: ({ input }) => input.to, decisions: { approve: z.object({ budget: z.number() }), reject: true } },
}).track('payment', payment, { input: ({ input }) => input });
const asking = orchestrator('asking', { version: '1', input: Draft }).track(
  't',
  track('t', { input: Draft }).step('mail', send, ({ input }) => input),
  { input: ({ input }) => input },
);
const silent = orchestrator('silent', { version: '1', input: any }).track(
  't',
  track('t', { input: any }).step('s', quiet),
);
const document = defineOrchestrator({
  name: 'document',
  version: '1',
  input: any,
  tracks: { t: defineTrack({ name: 't', tasks: [quiet] }), u: inner },
});

// Compiled, and never called.
async function typed(path: string): Promise<void> {
  const box = await createSignalbox({
    orchestrators: [order, asking, silent, document, child],
    tasks: { send: () => ({ sent: true }) },
  });
  const input = { to: 'x', cents: 1, tags: [], at: { zip: '1' } };
  const run = await box.start(order, { input });

  await run.decide('payment/release', { decision: 'approve', form: { code: 'x' }, by: 'mia', roles: ['boss'] });
  await run.decide('payment/release#2', { decision: 'approve', form: { code: 'x', times: '3' }, by: 'mia' });
  // @ts-expect-error the form is missing
  await run.decide('payment/release', { decision: 'approve', by: 'mia' });
  // @ts-expect-error the form is another one
  await run.decide('payment/release', { decision: 'approve', form: { code: 1 }, by: 'mia' });
  // @ts-expect-error nobody says who decides
  await run.decide('payment/release', { decision: 'reject' });
  await run.decide('payment/release', { decision: 'reject', by: 'mia', comment: 'no' });
  await run.decide('payment/release', { decision: 'skip', by: 'mia' });
  await run.decide('payment/release', { decision: 'skip', form: { why: 'x' }, by: 'mia' });
  // @ts-expect-error the form is another one
  await run.decide('payment/release', { decision: 'skip', form: { who: 'x' }, by: 'mia' });

  await run.decide('payment/release', { decision: 'edit', value: input, by: 'mia' });
  await run.decide('payment/release', { decision: 'edit', patch: { cents: 2, at: { zip: null } }, by: 'mia' });
  // @ts-expect-error a patch of something else
  await run.decide('payment/release', { decision: 'edit', patch: { cents: '2' }, by: 'mia' });
  // @ts-expect-error neither a value nor a patch
  await run.decide('payment/release', { decision: 'edit', by: 'mia' });
  // @ts-expect-error both of them
  await run.decide('payment/release', { decision: 'edit', value: input, patch: {}, by: 'mia' });
  await run.decide('payment/release', { decision: 'replace', value: input, by: 'mia' });
  // @ts-expect-error the value is another one
  await run.decide('payment/release', { decision: 'replace', value: { to: 1 }, by: 'mia' });
  // @ts-expect-error it is none of its decisions
  await run.decide('payment/release', { decision: 'abort', by: 'mia' });

  await run.decide('payment/release', { decision: 'claim', by: 'mia' });
  await run.decide('payment/release', { decision: 'delegate', to: { users: ['tom'] }, by: 'mia' });
  await run.decide('payment/release', { decision: 'defer', until: '2030-01-01', by: 'mia' });
  // @ts-expect-error until when is not said
  await run.decide('payment/release', { decision: 'defer', by: 'mia' });
  // @ts-expect-error what is claimed is not put off
  await run.decide('payment/release', { decision: 'claim', until: '2030-01-01', by: 'mia' });
  // @ts-expect-error nothing comes with a claim
  await run.decide('payment/release', { decision: 'claim', form: {}, by: 'mia' });
  await run.decide('payment/release', { decision: 'override', as: 'approve', form: { code: 'x' }, by: 'mia' });
  // @ts-expect-error as what it is decided has a form
  await run.decide('payment/release', { decision: 'override', as: 'approve', by: 'mia' });
  // @ts-expect-error as what it is decided is not said
  await run.decide('payment/release', { decision: 'override', by: 'mia' });

  // @ts-expect-error nobody is asked there
  await run.decide('payment/relaese', { decision: 'reject', by: 'mia' });
  // @ts-expect-error nobody is asked there either
  await run.decide('payment/quiet', { decision: 'approve', by: 'mia' });
  // @ts-expect-error that is asked in a run of its own
  await run.decide('payment/child/t/theirs', { decision: 'approve', by: 'mia' });

  // Out of groups, collections and gates, and before the first track.
  await run.decide('payment/g/deep/usual', { decision: 'approve', form: ['anything'], by: 'mia' });
  // @ts-expect-error what is usual is to approve and to reject
  await run.decide('payment/g/deep/usual', { decision: 'edit', value: 1, by: 'mia' });
  await run.decide('payment/items/0/one', { decision: 'respond', value: '17', by: 'mia' });
  // @ts-expect-error it is a number, or the text of one
  await run.decide('payment/items/0/one', { decision: 'respond', value: null, by: 'mia' });
  await run.decide('payment/quality', { decision: 'abort', by: 'mia', comment: 'no' });
  await run.decide('~approval', { decision: 'approve', form: { budget: 1 }, by: 'mia' });
  // @ts-expect-error the budget is missing
  await run.decide('~approval', { decision: 'approve', form: {}, by: 'mia' });

  // A task is asked about under the name of its step.
  const other = await box.start(asking, { input });
  await other.decide('t/mail', { decision: 'edit', patch: { to: 'y' }, by: 'mia' });
  await other.decide('t/mail', { decision: 'abort', form: { code: 'x' }, by: 'mia' });
  await other.decide('t/mail', { decision: 'retry', by: 'mia' });
  await other.decide('t/mail', { decision: 'retry', patch: { to: 'y' }, by: 'mia' });
  // @ts-expect-error it is tried again with another input
  await other.decide('t/mail', { decision: 'retry', value: { sent: true }, by: 'mia' });
  // @ts-expect-error it is none of its decisions
  await other.decide('t/mail', { decision: 'respond', value: 1, by: 'mia' });

  const nobody = await box.start(silent, { input: null });
  // @ts-expect-error it asks nobody
  await nobody.decide('t/s', { decision: 'approve', by: 'mia' });
  const documented = await box.start(document, { input: null });
  await documented.decide('u/usual', { decision: 'approve', by: 'mia' });

  // What is known when the program runs only, anything may be said to.
  await run.decide(path, { decision: 'approve', by: 'mia' });
  await box.run('order-17').decide('a/b', { decision: 'respond', value: 1, by: 'mia' });
}

describe('a decision', () => {
  test('is known by the path of the step that asks', () => {
    expectTypeOf(typed).toBeFunction();
  });

  test('does not get into what a run takes and gives', () => {
    expectTypeOf<RunInput<typeof order>>().toEqualTypeOf<z.input<typeof Draft>>();
    expectTypeOf<RunOutput<typeof asking>>().toEqualTypeOf<{ readonly t: { sent: boolean } }>();
  });
});
