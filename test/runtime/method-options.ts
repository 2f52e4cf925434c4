/** Every method of a box, a run and a schedule that is handed something: how it is called well, and the options that it takes. */
import {
  type AnyOrchestrator,
  createSignalbox,
  memory,
  orchestrator,
  type Run,
  type Schedule,
  type Signalbox,
  task,
  track,
} from 'signalbox';
import type { FakeClock } from 'signalbox/testing';
import { untyped } from '../dsl/fixtures.ts';
import { called } from '../dsl/what-came-of-it.ts';
import { z } from 'zod';
import { Anything } from '../helpers/stage.ts';

export interface Handles {
  readonly box: Signalbox;
  readonly run: Run<unknown>;
  readonly schedule: Schedule;
  readonly clock: FakeClock;
}

/** A call with options: those that it needs, and values for each that it takes. */
export interface Call {
  readonly base: object;
  readonly options: { readonly [option: string]: readonly unknown[] };
  readonly call: (handles: Handles, options: never) => unknown;
}

/** What hardly anything takes. */
export const ODD: readonly unknown[] = [
  ...[undefined, null, true, 0, 1, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '', 'x', 1n],
  ...[[], ['x'], {}, called('ƒ', () => null)],
];
const longest = (length: number): readonly string[] => ['t'.repeat(length), 't'.repeat(length + 1)];
const TEXTS = longest(1_000);
const NAMES = longest(200);
const IDS = ['a b', 'a/b', 'a#b', 'a\nb', '\ud800', ...longest(200)];
const INSTANTS = [1_767_225_600_000, '2026-01-01', '2026-01-01T00:00:00Z', '2026-13-01', new Date(0)];
const DURATIONS = ['1s', '500ms', '499ms', '0', '1 day', '1y', 86_400_000];
const who = { by: TEXTS, reason: TEXTS };
const page = { limit: [1_000, 1_001], cursor: ['1.', '1.x', '0.', 'x.1'] };

const input = { input: Anything } as const;
export const work = called('a task', task('work', { ...input, output: Anything, run: () => null }));
const single = track('t', input).step('work', work);
export const flow = called(
  'an orchestrator',
  orchestrator('flow', { version: '1', ...input, debounce: '1s' })
    .track('t', single)
    .track('a', track('a', input).approval('ask', { ask: 'May it?', onReject: 'complete' })),
);
const other = called('an unknown orchestrator', orchestrator('other', { version: '1', ...input }));
const FLOWS: readonly (AnyOrchestrator | string)[] = [flow as never, other as never, 'flow'];

const ofRun = (base: object, options: Call['options'], call: (run: Run<unknown>, options: never) => unknown): Call => ({
  base,
  options,
  call: ({ run }, given) => call(run, given),
});
const ofBox = (base: object, options: Call['options'], call: (box: Signalbox, options: never) => unknown): Call => ({
  base,
  options,
  call: ({ box }, given) => call(box, given),
});
const ofSchedule = (
  base: object,
  options: Call['options'],
  call: (schedule: Schedule, options: never) => unknown,
): Call => ({ base, options, call: ({ schedule }, given) => call(schedule, given) });

const UNKEYED = [
  { orchestrator: 'flow' },
  { orchestrator: 'flow', key: 1 },
  { orchestrator: 'flow', key: '' },
  { orchestrator: 1, key: 'k' },
];

/** Options of `decide`, but for what says which approval is meant. */
const decided = {
  ...{ decision: ['approve', 'claim', 'override', 'defer', 'delegate', 'wait'], by: NAMES, onBehalfOf: NAMES },
  ...{ roles: [['x', 'x'], [''], Array(100).fill('x'), Array(101).fill('x')], comment: [...TEXTS, 't'.repeat(1_001)] },
  ...{ form: [{ why: 'so' }, 't'.repeat(5_000)], value: [{ n: 1 }], patch: [{ n: null }], as: ['approve', 'claim'] },
  ...{ to: [{ users: ['tom'] }, { roles: ['boss'] }, { users: 'tom' }, { groups: ['x'] }], until: INSTANTS },
  ...{ digest: NAMES, version: [2 ** 53], id: NAMES },
} as const;
const decide = { decision: 'approve', by: 'ann' } as const;
const MADE = [{ n: 1 }, { n: null }, { n: 'x' }, { more: 1 }];

const Made = z.object({ n: z.number() });
const asking = (name: string, decisions: unknown) =>
  orchestrator(name, { version: '1', ...input }).track(
    'a',
    track('a', input).approval('ask', untyped({ ...asked, decisions })),
  );
const asked = {
  ...{
    ask: 'May it?',
    propose: () => ({ n: 0 }),
    value: Made,
    assignees: { users: ['ann'] },
    override: { roles: ['boss'] },
  },
};
export const plain = asking('plain', ['approve', 'edit', 'reject', 'respond']);
const formed = asking('formed', { approve: Made, reject: true });
export const FORMED = { of: formed };

/** Something said to an approval of a run that has only begun. */
async function decideAnew(box: Signalbox, { of = plain }: { readonly of?: typeof plain }, given: object) {
  const { id } = await box.start(of, { input: 1 } as never);
  const asked = `${id}/a/ask#1`;
  const answer = { ...(await box.decide(asked, given as never)), approval: undefined };
  const { form, value, patch } = { ...(await box.approval(asked))?.history.at(-1) };
  const kept = Object.entries({ form, value, patch }).filter(([, each]) => each !== null);
  const more = kept.length === 0 ? '' : `, kept with it: ${JSON.stringify(Object.fromEntries(kept))}`;
  return `${JSON.stringify(answer)}${more}`.replaceAll(id, 'D');
}

export const CALLS: { readonly [method: string]: Call } = {
  'Signalbox.start': ofBox(
    { input: 1 },
    {
      ...{ input: [], id: IDS, key: IDS, metadata: [{ tenant: 'acme' }, { at: new Date(0) }], debounce: IDS },
      singleton: [...IDS, { key: 'k' }, { key: '' }, { key: 'k', whenLive: 'join' }, { key: 'k', whenLive: 'wait' }],
    },
    (box, given) => box.start(flow as never, given),
  ),
  'Signalbox.start, the orchestrator': ofBox({}, { orchestrator: FLOWS }, (box, { orchestrator: of }) =>
    box.start(of, { input: 1 } as never),
  ),
  'Signalbox.runTask': ofBox(
    {},
    { id: IDS, key: IDS, metadata: [{ tenant: 'acme' }], singleton: IDS, debounce: IDS },
    (box, given) => box.runTask(work, 1, given),
  ),
  'Signalbox.schedule': ofBox(
    { every: '1h', orchestrator: flow, input: 1 },
    {
      ...{ id: [...IDS, ...longest(150)], orchestrator: FLOWS, input: [], every: DURATIONS, zone: ['Europe/Berlin'] },
      ...{ cron: ['* * * * *', '@daily', '60 * * * *', '0 0 30 2 *'], dst: [{ missing: 'next' }, { doubled: 'none' }] },
      ...{ from: INSTANTS, until: INSTANTS, metadata: [{ tenant: 'acme' }, { schedule: 1 }] },
      ...{ overlap: ['skip', 'allowAll', 'wait'], catchUp: DURATIONS, jitter: DURATIONS, pauseOnFailure: [2, 100] },
    },
    (box, given) => {
      const { id, ...options } = given as { readonly id?: string };
      return box.schedule('id' in given ? (id as string) : 's', options as never);
    },
  ),
  'Signalbox.schedule, by a cron line': ofBox(
    { cron: '0 3 * * *', orchestrator: flow, input: 1 },
    {
      ...{ cron: ['* * * * *', '@daily', '60 * * * *', '0 0 30 2 *'], zone: ['Europe/Berlin', 'Mars/Base'] },
      dst: [{ missing: 'next' }, { missing: 'no' }, { doubled: 'both' }, { doubled: 'none' }, { more: 1 }],
    },
    (box, given) => box.schedule('s', given),
  ),
  'Signalbox.schedule, a handle': ofBox({}, { id: IDS }, (box, { id }) => box.schedule(id)),
  'Signalbox.run': ofBox({ id: 'R' }, { id: [...IDS, `${'t'.repeat(200)}~undo`] }, (box, { id }) => box.run(id)),
  'Signalbox.import': ofBox({ exported: 1 }, { exported: [{ format: 1 }, [{}]] }, (box, { exported }) =>
    box.import(exported),
  ),
  'Signalbox.runs': ofBox(
    {},
    {
      ...{ orchestrator: ['flow'], version: ['1'], status: ['running', 'ended'], metadata: [{ at: new Date(0) }] },
      ...{ parent: ['R'], rerunOf: ['R'], order: ['newest', 'oldest', 'random'], ...page },
    },
    (box, given) => box.runs(given),
  ),
  'Signalbox.budgets': ofBox({}, { task: ['work'], budget: ['shared'], key: ['k'], ...page }, (box, given) =>
    box.budgets(given),
  ),
  'Signalbox.approvals': ofBox(
    {},
    {
      ...{ status: ['open', 'any', 'closed'], role: NAMES, run: NAMES, orchestrator: NAMES, before: INSTANTS, ...page },
      mine: [{ user: 'ann' }, { user: '' }, { user: 'ann', roles: ['x'] }, { user: 'ann', roles: 'x' }, { role: 'x' }],
    },
    (box, given) => box.approvals(given),
  ),
  'Signalbox.approval': ofBox(
    { id: 'R/a/ask#1' },
    { id: ['R/a/ask#1', 'R/a/ask#2', 'R/a/ask', 'nobody/a/ask#1'] },
    (box, { id }) => box.approval(id),
  ),
  'Signalbox.decide': ofBox(decide, decided, (box, given) => decideAnew(box, {}, given)),
  'Signalbox.decide, to edit': ofBox({ ...decide, decision: 'edit' }, { value: MADE, patch: MADE }, (box, given) => {
    return decideAnew(box, {}, given);
  }),
  'Signalbox.decide, to claim': ofBox(
    { ...decide, decision: 'claim' },
    { form: MADE, value: MADE, patch: MADE, comment: TEXTS },
    (box, given) => decideAnew(box, {}, given),
  ),
  'Signalbox.decide, to defer': ofBox({ ...decide, decision: 'defer' }, { until: INSTANTS }, (box, given) => {
    return decideAnew(box, {}, given);
  }),
  'Signalbox.decide, by override': ofBox(
    { ...decide, decision: 'override', roles: ['boss'], as: 'reject', comment: 'so' },
    { as: ['approve', 'edit', 'claim'], roles: [['boss'], ['boss', 'x']] },
    (box, given) => decideAnew(box, {}, given),
  ),
  'Signalbox.decide, with a form': ofBox(decide, { form: MADE }, (box, given) => decideAnew(box, FORMED, given)),
  'Signalbox.decide, which': ofBox({}, { id: ['R/a/ask#1', 'R/a/ask', 'nobody/a/ask#1'] }, (box, { id }) =>
    box.decide(id, decide),
  ),
  'Signalbox.signal': ofBox(
    {},
    { to: ['R', { orchestrator: 'flow', key: 'k' }, { orchestrator: 'flow', key: 'none' }, ...UNKEYED], name: ['go'] },
    (box, given) => {
      const { to = 'R', name = 'go' } = given as { readonly to?: string; readonly name?: string };
      return box.signal('to' in given ? to : 'R', 'name' in given ? name : 'go');
    },
  ),
  'Signalbox.on': ofBox({}, { type: ['*', 'run.started', 'run.ended'], listener: [] }, (box, given) => {
    const { type = '*', listener = () => {} } = given as { readonly type?: '*'; readonly listener?: () => void };
    box.on('type' in given ? type : '*', 'listener' in given ? listener : () => {})();
  }),
  'Run.cancel': ofRun({}, { ...who, compensate: [], force: [] }, (run, given) => run.cancel(given)),
  'Run.pause': ofRun({}, who, (run, given) => run.pause(given)),
  'Run.resume': ofRun({}, who, (run, given) => run.resume(given)),
  'Run.abandon': ofRun({ reason: 'so' }, who, (run, given) => run.abandon(given)),
  'Run.compensate': ofRun({}, who, (run, given) => run.compensate(given)),
  'Run.delete': { base: {}, options: who, call: ({ box }, given) => box.run('nobody').delete(given) },
  'Run.retry': ofRun({ reason: 'so' }, { ...who, input: [] }, (run, given) => run.retry('t/work', given)),
  'Run.skip': ofRun({ reason: 'so' }, { ...who, output: [] }, (run, given) => run.skip('t/work', given)),
  'Run.resolve': ofRun({ reason: 'so', output: 1 }, { ...who, output: [] }, (run, given) =>
    run.resolve('t/work', given),
  ),
  'Run.rerun': ofRun({ reason: 'so', from: 't/work' }, { ...who, from: TEXTS, input: [], id: IDS }, (run, given) =>
    run.rerun(given),
  ),
  'Run.signal': ofRun({}, { name: longest(200), payload: [], id: longest(200), by: TEXTS }, (run, given) => {
    const { name = 'go', payload, ...options } = { name: 'go', payload: 1, ...(given as object) };
    return run.signal(name, payload as never, options);
  }),
  'Run.decide': ofRun(decide, { decision: ['approve', 'wait'], by: NAMES }, (run, given) =>
    untyped(run).decide('a/ask', given),
  ),
  'Run.decide, where': ofRun({}, { path: ['a/ask#1', 'a/ask#2', 'a/none', ...TEXTS] }, (run, { path }) =>
    untyped(run).decide(path, decide),
  ),
  'Run.approvals': ofRun({}, { status: ['open', 'any'], role: NAMES, ...page }, (run, given) => run.approvals(given)),
  'Run.history': ofRun({}, { after: [2, 2 ** 53] }, async (run, given) => (await run.history(given).next()).done),
  'Run.events': ofRun({}, { after: [2, 2 ** 53], signal: [AbortSignal.abort()] }, async (run, given) => {
    return (await run.events(given).next()).done;
  }),
  'Run.at': ofRun({ seq: 1 }, { seq: [2, 1_000, 2 ** 53] }, async (run, { seq }) => (await run.at(seq)).seq),
  'Run.attempts': ofRun({ path: 't/work' }, { path: ['t/work', 't', ...TEXTS] }, (run, { path }) => run.attempts(path)),
  'Run.allowed': ofRun({ path: 't/work' }, { path: ['t/work', 't', ...TEXTS] }, (run, { path }) => run.allowed(path)),
  'Run.explain': ofRun({}, { format: ['data', 'text'], path: ['t/work', 't'] }, async (run, given) => {
    return typeof (await run.explain(given));
  }),
  'Run.timeline': ofRun(
    {},
    {
      ...{ format: ['data', 'text', 'svg', 'mermaid'], limit: [2], theme: ['auto', 'dark', 'light'] },
      ...{ columns: [20, 19, 80], colour: [false] },
    },
    async (run, given) => typeof (await run.timeline(given)),
  ),
  'Run.diagram': ofRun(
    {},
    {
      ...{ format: ['svg', 'data', 'text', 'mermaid'], theme: ['auto', 'dark', 'light'], columns: [20, 19, 80] },
      colour: [false],
    },
    async (run, given) => typeof (await run.diagram(given)),
  ),
  'Schedule.preview': ofSchedule({}, { count: [1_000, 1_001], after: INSTANTS }, async (schedule, given) => {
    const { count = 1, ...options } = { ...(given as { readonly count?: number }) };
    return (await schedule.preview('count' in given ? (count as number) : 1, options)).length;
  }),
  'Schedule.pause': ofSchedule({}, who, (schedule, given) => schedule.pause(given)),
  'Schedule.resume': ofSchedule({}, who, (schedule, given) => schedule.resume(given)),
  'Schedule.trigger': ofSchedule({}, { ...who, id: ['a/b', 'a#b', 'a\nb', ...longest(40)] }, (schedule, given) =>
    schedule.trigger(given),
  ),
  'Schedule.backfill': ofSchedule(
    { from: '2025-12-31T23:00:00Z', to: '2026-01-01' },
    { ...who, from: [...INSTANTS, '2020-01-01'], to: [...INSTANTS, '2026-01-02', '2025-12-31'] },
    async (schedule, given) => (await schedule.backfill(given)).runs.length,
  ),
  'Schedule.remove': {
    base: {},
    options: who,
    call: async ({ box }, given) => (await box.schedule('none')).remove(given),
  },
  createSignalbox: {
    base: { tracing: undefined },
    options: {
      ...{
        orchestrators: [[], [flow], [flow, flow], [work]],
        tasks: [{ work: 1 }, { work: () => 1 }],
        redact: ['a.b'],
      },
      ...{ store: [memory], executor: [], concurrency: [{ limit: 1 }, { limit: 0 }, [1, { limit: 1, key: 1 }]] },
      ...{ fairness: [{ by: 1 }, { weight: 1 }, { by: () => 'x' }, { more: 1 }], hooks: [[{}], [{ beforeStep: 1 }]] },
      ...{ maxValueBytes: [1_024], signalBuffer: [1_000], idleRuns: [1_000], kinds: [[{ name: 'x' }]] },
      ...{
        lease: DURATIONS,
        clock: [{ now: () => 0 }],
        ids: [],
        logger: [{ error: () => {} }],
        lane: ['table', 'xstate'],
      },
      tracing: [{ told: () => {} }, { told: 1 }, { more: () => {} }],
    },
    call: async (_, given) => {
      const box = await createSignalbox(untyped(given));
      await box.close();
      return 'a box';
    },
  },
};
