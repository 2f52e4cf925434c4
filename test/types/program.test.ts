/** What the compiler knows of a program: what its mappers are told, what it leaves behind, and what can be decided in its runs. */
import {
  createSignalbox,
  type Decided,
  orchestrator,
  type Passed,
  type ProgramPhase,
  program,
  type RunOutput,
  task,
  track,
} from 'signalbox';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { Json } from '../../src/json.ts';

const Brief = z.object({ product: z.string(), pages: z.coerce.number<string | number>() });
const Draft = z.object({ to: z.string(), cents: z.number() });

const audit = task('audit', { input: z.any(), output: z.object({ pages: z.number() }), run: () => ({ pages: 1 }) });
const unbound = task('unbound', { input: z.object({}), output: z.string() });
const mail = task('mail', {
  input: Draft,
  output: z.object({ sent: z.boolean() }),
  run: () => ({ sent: true }),
  approval: { ask: ({ input }) => input.to, decisions: { approve: true, edit: true } },
});
const visit = track('visit', { input: z.any() })
  .wait('paid', { signal: 'paid', payload: z.object({ cents: z.number() }) })
  .approval('usual', { ask: '?', decisions: ['approve', 'skip'] })
  .step('mail', mail, () => ({ to: 'x', cents: 1 }));

const delivery = program('delivery', {
  version: '1',
  input: Brief,
  approval: {
    ask: ({ input }) => input.product,
    decisions: { approve: z.object({ budget: z.number() }), reject: true },
  },
  phases: {
    analysis: {
      within: '10m',
      tasks: {
        audit: {
          do: audit,
          input: ({ input, phases, tasks, run }) => {
            expectTypeOf(input).toEqualTypeOf<{ product: string; pages: number }>();
            expectTypeOf(phases).not.toBeAny();
            expectTypeOf(tasks).not.toBeAny();
            expectTypeOf(run.id).toEqualTypeOf<string>();
            return input;
          },
          notes: ({ output }) => ({ learnings: [String(output.pages)] }),
        },
        unbound,
        spare: { do: audit, required: false },
        noted: { do: mail, notes: () => ({}), input: () => ({ to: 'x', cents: 1 }) },
        both: { do: mail, required: false, notes: () => ({}), input: () => ({ to: 'x', cents: 1 }) },
      },
      gate: {
        criteria: { pages: { min: 1 } },
        values: ({ input, tasks }) => {
          expectTypeOf(input.pages).toEqualTypeOf<number>();
          return { pages: tasks.audit.pages };
        },
        review: { ask: ({ judgement }) => String(judgement.score) },
      },
    },
    checkpoint: {
      tasks: { mail: { do: mail, input: '$.input' }, visit },
      approval: {
        ask: ({ input, tasks }) => {
          expectTypeOf(input.product).toEqualTypeOf<string>();
          return `${input.product} ${tasks.mail.sent}`;
        },
        propose: ({ input }) => ({ to: input.product, cents: 1 }),
        value: Draft,
        decisions: {
          approve: z.object({ code: z.string() }),
          edit: true,
          skip: z.object({ why: z.string() }).optional(),
        },
        expires: '2d',
      },
    },
    release: {
      tasks: { audit },
      gate: { criteria: { 'audit.pages': { min: 1 } }, action: audit },
      approval: { ask: 'Go?' },
    },
    watching: { background: true, tasks: { audit, visit }, approval: { ask: 'Still there?' } },
  },
});

// Compiled, and never called.
async function typed(path: string): Promise<void> {
  const box = await createSignalbox({ orchestrators: [delivery], tasks: { unbound: () => 'x' } });
  const run = await box.start(delivery, { input: { product: 'x', pages: '1' } });
  const by = 'mia';

  await run.decide('checkpoint/approval', { decision: 'approve', form: { code: 'x' }, by });
  await run.decide('checkpoint/approval#2', { decision: 'approve', form: { code: 'x' }, by });
  // @ts-expect-error the form is missing
  await run.decide('checkpoint/approval', { decision: 'approve', by });
  // @ts-expect-error the form is another one
  await run.decide('checkpoint/approval', { decision: 'approve', form: { code: 1 }, by });
  await run.decide('checkpoint/approval', { decision: 'skip', by });
  // @ts-expect-error the form is another one
  await run.decide('checkpoint/approval', { decision: 'skip', form: { who: 'x' }, by });
  await run.decide('checkpoint/approval', { decision: 'edit', patch: { cents: 2 }, by });
  // @ts-expect-error a patch of something else
  await run.decide('checkpoint/approval', { decision: 'edit', patch: { cents: '2' }, by });
  // @ts-expect-error it is none of its decisions
  await run.decide('checkpoint/approval', { decision: 'reject', by });
  await run.decide('checkpoint/approval', { decision: 'defer', until: '2030-01-01', by });
  // @ts-expect-error as what it is decided has a form
  await run.decide('checkpoint/approval', { decision: 'override', as: 'approve', by });

  // Each phase asks for itself: what is usual is to approve and to reject.
  await run.decide('release/approval', { decision: 'reject', by, comment: 'no' });
  await run.decide('release/approval', { decision: 'approve', form: ['anything'], by });
  // @ts-expect-error that can be decided in another phase
  await run.decide('release/approval', { decision: 'edit', patch: { cents: 2 }, by });

  // @ts-expect-error no such phase
  await run.decide('chekpoint/approval', { decision: 'reject', by });
  // @ts-expect-error this phase asks nobody
  await run.decide('analysis/approval', { decision: 'approve', by });
  // @ts-expect-error the phase is not said
  await run.decide('approval', { decision: 'approve', by });
  // @ts-expect-error a phase in the background is a run of its own
  await run.decide('watching/approval', { decision: 'approve', by });

  await run.decide('analysis/gate', { decision: 'abort', by, comment: 'no' });
  await run.decide('release/gate/judge', { decision: 'approve', by });
  // @ts-expect-error where a gate has an action, it is its judge that asks
  await run.decide('release/gate', { decision: 'approve', by });
  // @ts-expect-error this phase has no gate
  await run.decide('checkpoint/gate', { decision: 'approve', by });

  await run.decide('~approval', { decision: 'approve', form: { budget: 1 }, by });
  // @ts-expect-error the budget is missing
  await run.decide('~approval', { decision: 'approve', form: {}, by });

  // What tasks ask, and the steps of tracks.
  await run.decide('checkpoint/work/mail', { decision: 'edit', patch: { to: 'y' }, by });
  // @ts-expect-error it is none of its decisions
  await run.decide('checkpoint/work/mail', { decision: 'skip', by });
  // @ts-expect-error the patch is another one
  await run.decide('checkpoint/work/mail', { decision: 'edit', patch: { to: 1 }, by });
  await run.decide('checkpoint/work/visit/mail', { decision: 'edit', patch: { to: 'y' }, by });
  await run.decide('checkpoint/work/visit/usual', { decision: 'skip', by });
  // @ts-expect-error it is none of its decisions
  await run.decide('checkpoint/work/visit/usual', { decision: 'reject', by });
  await run.decide('analysis/work/both/do/do', { decision: 'edit', patch: { to: 'y' }, by });
  await run.decide('analysis/work/noted/do', { decision: 'edit', patch: { to: 'y' }, by });
  // @ts-expect-error with notes it is a track, whose step asks
  await run.decide('analysis/work/noted', { decision: 'approve', by });
  // @ts-expect-error what can be done without is such a track, too
  await run.decide('analysis/work/both/do', { decision: 'approve', by });
  // @ts-expect-error one of several paths leads nowhere
  await run.decide('analysis/work/noted' as 'analysis/work/noted' | 'checkpoint/work/mail', {
    decision: 'approve',
    by,
  });
  await run.decide('x' as 'analysis/work/noted/do' | 'checkpoint/work/mail', { decision: 'approve', by });
  // @ts-expect-error it asks nobody
  await run.decide('analysis/work/audit', { decision: 'approve', by });

  // What is known when the program runs only, anything may be said to.
  await run.decide(path, { decision: 'respond', value: 1, by });

  await run.signal('paid', { cents: 1 });
  // @ts-expect-error the payload is another one
  await run.signal('paid', { cents: '1' });
  // @ts-expect-error no such signal
  await run.signal('payed', { cents: 1 });
  // @ts-expect-error a task has no body
  await createSignalbox({ orchestrators: [delivery] });

  const some: Record<string, ProgramPhase<z.output<typeof Brief>>> = {};
  const loose = program('loose', { version: '1', input: Brief, phases: some });
  const one: ProgramPhase<z.output<typeof Brief>> = { tasks: { audit } };
  const half = program('half', { version: '1', input: Brief, phases: { one } });
  const others = await createSignalbox({ orchestrators: [loose, half] });
  const input = { product: 'x', pages: 1 };
  const anything = await others.start(loose, { input });
  await anything.decide('one/approval', { decision: 'respond', value: 1, by });
  await anything.signal('paid', 1);
  // The phase is put together elsewhere: what it asks is not known.
  await (await others.start(half, { input })).decide('one/approval', { decision: 'respond', value: 1, by });
}

describe('a program', () => {
  test('says what can be decided in its runs, by phase', () => {
    expectTypeOf(typed).toBeFunction();
  });

  test('leaves behind what its tasks do, by phase and by task, with its gates and approvals', () => {
    type Output = RunOutput<typeof delivery>;
    type Pages = { pages: number };
    expectTypeOf<Output>().not.toBeAny();
    expectTypeOf<Output['analysis']>().toEqualTypeOf<{
      readonly audit: Pages;
      readonly unbound: string;
      readonly spare: Pages | null;
      readonly noted: { sent: boolean };
      readonly both: { sent: boolean } | null;
      readonly gate: Passed;
    }>();
    expectTypeOf<Output['checkpoint']>().toEqualTypeOf<{
      readonly mail: { sent: boolean };
      readonly visit: { sent: boolean };
      readonly approval: Decided<{ to: string; cents: number }>;
    }>();
    expectTypeOf<Output['release']['gate']>().toEqualTypeOf<Passed & { readonly action: Pages }>();
    expectTypeOf<Output['release']['approval']['value']>().toEqualTypeOf<Json>();
    expectTypeOf<Output['watching']>().toEqualTypeOf<{ readonly run: string }>();
    expectTypeOf<keyof Output>().toEqualTypeOf<'analysis' | 'checkpoint' | 'release' | 'watching'>();
  });

  test('is told that a step ends its run, and hands its outputs on as a child', () => {
    const stop = track('stop', { input: z.any() }).terminate('stop', { output: () => 17 });
    const short = program('short', { version: '1', input: Brief, phases: { one: { tasks: { stop } } } });
    expectTypeOf<Extract<RunOutput<typeof short>, number>>().toEqualTypeOf<17>();
    const parent = track('t', { input: Brief })
      .run('child', delivery, ({ input }) => input)
      .output(({ outputs }) => outputs.child.analysis.audit.pages);
    const over = orchestrator('over', { version: '1', input: Brief }).track('t', parent, {
      input: ({ input }) => input,
    });
    expectTypeOf<RunOutput<typeof over>>().toEqualTypeOf<{ readonly t: number }>();
  });

  test('holds a task to what its body takes, and to what there is to wait for', () => {
    const N = z.object({ n: z.number() });
    const need = task('need', { input: N, output: N, run: ({ input }) => input });
    const head = { version: '1', input: N } as const;
    const a = { do: need, input: ({ input }: { input: { n: number } }) => input };
    // @ts-expect-error a text is no number
    program('p', { ...head, phases: { one: { tasks: { a: { do: need, input: () => ({ n: 'one' }) } } } } });
    const text = ({ input }: { input: { n: number } }) => ({ n: `${input.n}` });
    // @ts-expect-error neither is one that is made of the input
    program('p', { ...head, phases: { one: { tasks: { a: { do: need, input: text } } } } });
    // @ts-expect-error its body takes something, and is given nothing
    program('p', { ...head, phases: { one: { tasks: { need } } } });
    // @ts-expect-error nor is this one given anything
    program('p', { ...head, phases: { one: { tasks: { a: { do: need } } } } });
    // @ts-expect-error no such task
    program('p', { ...head, phases: { one: { tasks: { a, b: { ...a, after: ['nobody'] } } } } });
    // @ts-expect-error it cannot wait for itself
    program('p', { ...head, phases: { one: { tasks: { b: { ...a, after: ['b'] } } } } });
    // @ts-expect-error nor for its own phase
    program('p', { ...head, phases: { one: { tasks: { b: { ...a, after: ['one'] } } } } });
    const after: string[] = ['a'];
    program('p', {
      ...head,
      phases: {
        one: { tasks: { a, b: { do: need, input: ({ tasks }) => tasks.a, after: ['a'] }, c: { ...a, after } } },
        two: { tasks: { d: { do: need, input: ({ phases }) => phases.one.b, after: ['one', 'b'] } } },
        three: {
          tasks: { e: { do: need, input: '$.input' }, f: { do: need, input: ({ input }) => ({ ...input, m: 1 }) } },
        },
      },
    });
  });

  test('refuses what is no phase', () => {
    const head = { version: '1', input: Brief } as const;
    // @ts-expect-error the input has no such property
    program('p', { ...head, phases: { one: { tasks: { a: { do: audit, input: ({ input }) => input.nope } } } } });
    // @ts-expect-error no such way to overrun
    program('p', { ...head, phases: { one: { tasks: { audit }, onOverrun: 'forget' } } });
    // @ts-expect-error no body
    program('p', { ...head, phases: { one: { tasks: { audit: { do: 'audit' } } } } });
    // @ts-expect-error no such decision
    program('p', { ...head, phases: { one: { tasks: { audit }, approval: { ask: '?', decisions: ['aprove'] } } } });
    // @ts-expect-error it has to ask something
    program('p', { ...head, phases: { one: { tasks: { audit }, approval: {} } } });
    // @ts-expect-error a run has no outputs before it begins
    program('p', { ...head, approval: { ask: ({ outputs }) => outputs.x }, phases: {} });
  });
});
