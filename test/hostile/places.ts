/**
 * Everywhere that somebody hands something over. A place says how a value gets there: by a definition (`flow`), or by a
 * call on a run that stands at its wait (`call`). A new one is an entry.
 */
import {
  type AnyOrchestrator,
  chart,
  compositeTrack,
  coverageOf,
  diagram,
  orchestrator,
  type Run,
  type Signalbox,
  type TaskContext,
  task,
  track,
  type Types,
} from 'signalbox';
import { Anything } from '../helpers/stage.ts';

type Make = () => unknown;

/** A value, thrown. */
const throwing = (make: Make) => () => {
  throw make();
};

// biome-ignore lint/suspicious/noExplicitAny: what a step carries is of no interest here
type Steps = Types.TrackBuilder<string, any, any, any, any, any, any>;

/** A schema that answers with the value. */
const schemaOf = (validate: (value: unknown) => unknown) =>
  ({ '~standard': { version: 1, vendor: 'hostile', validate } }) as unknown as typeof Anything;

const body = (options: object) =>
  task('hostile', {
    input: Anything,
    output: Anything,
    run: () => 'fine',
    timeout: '1h',
    ...options,
  } as never) as never;

const step =
  (options: (make: Make) => object) =>
  (steps: Steps, make: Make): Steps =>
    steps.step('hostile', body(options(make)), (() => ({})) as never) as never;

const fine = body({});

// biome-ignore lint/suspicious/noExplicitAny: whatever a builder is called with
type Loose = any;

const control =
  (build: (steps: Loose, make: Make) => unknown) =>
  (steps: Steps, make: Make): Steps =>
    build(steps, make) as Steps;
/** Child runs that end, as their body does. */
const child = orchestrator('hostileChild', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything }),
);
let versions = 0;
const failing = (run: () => unknown): AnyOrchestrator => {
  versions += 1;
  return orchestrator('hostileChild', { version: `of ${versions}`, input: Anything }).track(
    't',
    track('t', { input: Anything }).step('s', task('ofChild', { input: Anything, output: Anything, run })),
  );
};

const retry = { maxAttempts: 2, delay: 0 };
/** Of what nobody decides. */
const soon = { expires: 1, onExpiry: 'approve' } as const;

const no = throwing(() => new Error('no'));
const bad = task('bad', { input: Anything, output: Anything, run: no as () => unknown });

/** A step that completes and is undone, because the next one fails. */
const undone =
  (compensate: (make: Make) => unknown) =>
  (steps: Steps, make: Make): Steps =>
    steps.step('hostile', body({ compensate: compensate(make) }), (() => ({})) as never).step('bad', bad) as never;

/** A hook of these moments, which has its time. */
const hooksOf = (call: () => unknown, ...moments: readonly string[]) => [
  { timeout: '1s', onHookError: 'ignore', ...Object.fromEntries(moments.map((on) => [on, call])) },
];

const hookedTrack =
  (hooks: (make: Make) => object) =>
  (steps: Steps, make: Make): Steps =>
    steps.step('hostile', track('hooked', { input: Anything, hooks: hooks(make) } as never).step('s', fine)) as never;

/** Places in a definition: the step `hostile`, after which comes a step that completes. */
export const IN_FLOWS: Readonly<Record<string, (steps: Steps, make: Make) => Steps>> = {
  'what a body answers': step((make) => ({ run: make })),
  'what an async body answers': step((make) => ({ run: async () => make() })),
  'what a body throws': step((make) => ({ run: throwing(make) })),
  'what an async body throws': step((make) => ({ run: async () => throwing(make)(), retry })),
  'the note of a progress': step((make) => ({
    run: ({ progress }: TaskContext) => progress(0.5, make() as string),
  })),
  'the fraction of a progress': step((make) => ({ run: ({ progress }: TaskContext) => progress(make() as number) })),
  'a line of a log': step((make) => ({
    run: ({ log }: TaskContext) => log(make() as string, make() as never),
  })),
  'what "when" answers': step((make) => ({ run: throwing(() => new Error('no')), retry: { ...retry, when: make } })),
  'what "when" throws': step((make) => ({
    run: throwing(() => new Error('no')),
    retry: { ...retry, when: throwing(make) },
  })),
  'what an input schema answers': step((make) => ({ input: schemaOf(make) })),
  'what an input schema throws': step((make) => ({ input: schemaOf(throwing(make)) })),
  'what an async input schema rejects with': step((make) => ({ input: schemaOf(async () => throwing(make)()) })),
  'an issue of an input schema': step((make) => ({ input: schemaOf(() => ({ issues: [make()] })) })),
  'the message of an issue': step((make) => ({
    output: schemaOf(() => ({ issues: [{ message: make(), path: [make()] }] })),
  })),
  'what an output schema answers': step((make) => ({ output: schemaOf(make) })),
  'what an output schema throws': step((make) => ({ output: schemaOf(throwing(make)) })),
  'what a mapper answers': (steps, make) => steps.step('hostile', body({}), make as never) as never,
  'the predicate of a branch': control((t, make) => t.branch('hostile', { when: [[make, fine]], otherwise: null })),
  'what the predicate of a branch throws': control((t, make) =>
    t.branch('hostile', { when: [[throwing(make), fine]] }),
  ),
  'the key of a branch': control((t, make) => t.branch('hostile', { on: make, routes: { a: fine } })),
  'the items of a collection': control((t, make) => t.map('hostile', { over: make, each: fine })),
  'the filter of a collection': control((t, make) =>
    t.map('hostile', { over: () => '1..3', each: fine, filter: make }),
  ),
  'the input of an item': control((t, make) =>
    t.map('hostile', { over: () => '1..3', each: { do: fine, input: make } }),
  ),
  'the end of a loop': control((t, make) => t.loop('hostile', { body: fine, until: make, maxIterations: 3 })),
  'the beginning of a loop': control((t, make) => t.loop('hostile', { body: fine, while: make, maxIterations: 3 })),
  'the accumulator of a loop': control((t, make) =>
    t.loop('hostile', { body: fine, accumulate: make, maxIterations: 3, onLimit: 'stop' }),
  ),
  'the merge of members': control((t, make) =>
    t.step('hostile', compositeTrack('hostile', { tracks: { a: fine }, strategy: 'race', merge: make } as never)),
  ),
  'what an error in a group is': control((t, make) =>
    t.group('hostile', (u: Loose) => u.step('bad', body({ run: throwing(make) })), {
      onError: { do: track('caught', { input: Anything }), input: ({ error }: { error: unknown }) => error },
    }),
  ),
  'what an aggregate makes': control((t, make) => t.aggregate('hostile', { output: Anything, of: make })),
  'a variable': control((t, make) => t.set('hostile', { variable: () => make() })),
  'the output that ends a run': control((t, make) => t.terminate('hostile', { output: make })),
  'the reason that ends a run': control((t, make) => t.terminate('hostile', { as: 'failed', reason: () => make() })),
  'what the mapper of a child run answers': (steps, make) => steps.run('hostile', child, make as never) as never,
  'the id of a child run': (steps, make) =>
    steps.run('hostile', { orchestrator: child, id: make as () => string, input: () => 1 }) as never,
  'the metadata of a child run': (steps, make) =>
    steps.run('hostile', { orchestrator: child, metadata: make as () => {}, detach: true }) as never,
  'what a child run results in': (steps, make) =>
    steps.run('hostile', failing(make) as never, (() => 1) as never) as never,
  'what a child run fails with': (steps, make) =>
    steps.run('hostile', failing(throwing(make)) as never, (() => 1) as never) as never,
  'whom a signal is for': (steps, make) => steps.signal('hostile', { signal: 'go', to: make as () => string }) as never,
  'what a step sends': (steps, make) =>
    steps.signal('hostile', { signal: 'go', to: ({ run }) => run.id, payload: make }) as never,
  'what whom a signal is for throws': (steps, make) =>
    steps.signal('hostile', { signal: 'go', to: throwing(make) }) as never,
  'the data of an event': (steps, make) => steps.emit('hostile', { event: 'told', data: make }) as never,
  'until when a step sleeps': (steps, make) => steps.sleep('hostile', { until: make as () => number }) as never,
  'how long a step sleeps': (steps, make) => steps.sleep('hostile', { for: make as () => number }) as never,
  // One that never answers is waited for, unless it has a limit or the cancel is forced (S14).
  'what a compensation answers': undone((make) => ({ run: make, timeout: '1s' })),
  'what a compensation throws': undone(throwing),
  'what an async compensation rejects with': undone((make) => async () => throwing(make)()),
  'what "when" of a compensation answers': undone((make) => ({ run: no, retry: { ...retry, when: make } })),
  'what "when" of a compensation throws': undone((make) => ({ run: no, retry: { ...retry, when: throwing(make) } })),
  'what somebody is asked': control((t, make) => t.approval('hostile', { ask: make, ...soon })),
  'what is shown beside a question': control((t, make) => t.approval('hostile', { ask: 'x', show: make, ...soon })),
  'what is proposed': control((t, make) => t.approval('hostile', { ask: 'x', propose: make, ...soon })),
  'what the schema of a proposal answers': control((t, make) =>
    t.approval('hostile', { ask: 'x', propose: () => 1, value: schemaOf(make), ...soon }),
  ),
  'who is asked': control((t, make) => t.approval('hostile', { ask: 'x', assignees: make, ...soon })),
  'who may not decide': control((t, make) => t.approval('hostile', { ask: 'x', excluded: make, ...soon })),
  'what the question of a task throws': step((make) => ({ approval: { ask: throwing(make), ...soon } })),
  'what is proposed of what a body has left': step((make) => ({ review: { ask: 'x', propose: make, ...soon } })),
  'what a gate judges': control((t, make) =>
    t.gate('hostile', { criteria: { n: { min: 1 } }, values: make, threshold: 0 }),
  ),
  'a value that a gate judges': control((t, make) =>
    t.gate('hostile', { criteria: { n: { min: 1 } }, values: () => ({ n: make() }), threshold: 0 }),
  ),
  'what the values of a gate throw': control((t, make) =>
    t.gate('hostile', { criteria: { n: { min: 1 } }, values: throwing(make) }),
  ),
  'the key of a cache': step((make) => ({ cache: { ttl: '1h', key: make } })),
  'what the key of a cache throws': step((make) => ({ cache: { ttl: '1h', key: throwing(make) } })),
  'what goes past a cache': step((make) => ({ cache: { ttl: '1h', bypass: make } })),
  'the key of a budget': step((make) => ({ budget: { limit: 10, per: '1h', key: make } })),
  'what the key of a budget throws': step((make) => ({ budget: { limit: 10, per: '1h', key: throwing(make) } })),
  'the cost of a budget': step((make) => ({ budget: { limit: 10, per: '1h', cost: make } })),
  'what the cost of a budget throws': step((make) => ({ budget: { limit: 10, per: '1h', cost: throwing(make) } })),
  'what a hook of a step answers': step((make) => ({ hooks: hooksOf(make, 'beforeStep', 'afterStep') })),
  'what a hook before a step throws': step((make) => ({ hooks: hooksOf(throwing(make), 'beforeStep') })),
  'what a hook after a step throws': step((make) => ({ hooks: hooksOf(throwing(make), 'afterStep') })),
  'what an async hook rejects with': step((make) => ({
    hooks: hooksOf(async () => throwing(make)(), 'beforeStep', 'afterStep'),
  })),
  'what a hook of what has failed throws': step((make) => ({
    run: no,
    retry,
    hooks: hooksOf(throwing(make), 'onRetry', 'onError', 'afterStep'),
  })),
  'what a hook of a track answers': hookedTrack((make) => hooksOf(make, 'beforeTrack', 'afterTrack')),
  'what a hook of a track throws': hookedTrack((make) => hooksOf(throwing(make), 'beforeTrack', 'afterTrack')),
  'what a mapper throws': (steps, make) => steps.step('hostile', body({}), throwing(make) as never) as never,
};

/** The flow of a place, for a value. It ends by itself, well or not; or it stands at what never answers. */
export function flowOf(place: string, make: Make, version: string): AnyOrchestrator {
  const start = track('t', { input: Anything });
  const steps = (IN_FLOWS[place] as (steps: Steps, make: Make) => Steps)(start as never, make);
  const onFailure = place.includes('compensation') ? 'compensate' : 'failFast';
  return orchestrator('hostile', { version, input: Anything, onFailure }).track('t', steps as never) as never;
}

/** A run that waits, with a cleanup and a `where` that the value decides on. */
export const CALLS: Readonly<Record<string, (run: Run<unknown>, box: Signalbox, make: Make) => unknown>> = {
  'the payload of a signal': (run, _, make) => run.signal('go', make()),
  'the name of a signal': (run, _, make) => run.signal(make() as string, 1),
  'the id of a signal': (run, _, make) => run.signal('go', 1, { id: make() as string }),
  'the options of a signal': (run, _, make) => run.signal('go', 1, make() as object),
  'the reason of a cancel': (run, _, make) => run.cancel({ reason: make() as string }),
  'the options of a cancel': (run, _, make) => run.cancel(make() as object),
  'the options of a pause': (run, _, make) => run.pause(make() as object),
  'who is said to resume': (run, _, make) => run.resume({ by: make() as string }),
  'who is said to send a signal': (run, _, make) => run.signal('go', 1, { by: make() as string }),
  'who is said to delete': (run, _, make) => run.delete({ by: make() as string }),
  'the path of an intervention': (run, _, make) => run.skip(make() as string, { reason: 'x' }),
  'the reason of an intervention': (run, _, make) => run.retry('t/w', { reason: make() as string }),
  'who is said to intervene': (run, _, make) => run.retry('t/w', { reason: 'x', by: make() as string }),
  'the output of a step that is resolved': (run, _, make) => run.resolve('t/w', { reason: 'x', output: make() }),
  'the options of an intervention': (run, _, make) => run.skip('t/w', make() as never),
  'the step that a run is made again from': (run, _, make) => run.rerun({ from: make() as string, reason: 'x' }),
  'the options of a rerun': (run, _, make) => run.rerun(make() as never),
  'what a step is allowed that is called': (run, _, make) => run.allowed(make() as string),
  'the id of an approval': (_, box, make) => box.decide(make() as string, { decision: 'approve', by: 'mia' }),
  'the id of an approval that is looked at': (_, box, make) => box.approval(make() as string),
  'the options of a decision': (run, box, make) => box.decide(`${run.id}/p/a#1`, make() as never),
  'what is decided': (run, box, make) => box.decide(`${run.id}/p/a#1`, { decision: make() as never, by: 'mia' }),
  'who decides': (run, box, make) => box.decide(`${run.id}/p/a#1`, { decision: 'claim', by: make() as string }),
  'when it is asked again': (run, box, make) =>
    box.decide(`${run.id}/p/a#1`, { decision: 'defer', by: 'mia', until: make() as never }),
  'why it is decided so': (run, box, make) =>
    box.decide(`${run.id}/p/a#1`, { decision: 'requestInfo', by: 'mia', comment: make() as string }),
  'what comes with a decision': (run, box, make) =>
    box.decide(`${run.id}/p/a#1`, { decision: 'approve', by: 'mia', form: make() }),
  'what is put in the place of a proposal': (run, box, make) =>
    box.decide(`${run.id}/p/a#1`, { decision: 'replace', by: 'mia', value: make() }),
  'what is to be different': (run, box, make) =>
    box.decide(`${run.id}/p/a#1`, { decision: 'edit', by: 'mia', patch: make() }),
  'who is asked instead': (run, box, make) =>
    box.decide(`${run.id}/p/a#1`, { decision: 'reassign', by: 'mia', to: make() as never }),
  'which approvals are asked for': (_, box, make) => box.approvals(make() as never),
  'which budgets are asked for': (_, box, make) => box.budgets(make() as never),
  'the key of a budget that is asked for': (_, box, make) => box.budgets({ key: make() as never }),
  'whose approvals are asked for': (_, box, make) => box.approvals({ mine: make() as never }),
  'the format of a diagram': (run, _, make) => run.diagram({ format: make() as 'svg' }),
  'the options of a diagram': (run, _, make) => run.diagram(make() as object),
  'the path that is explained': (run, _, make) => run.explain({ path: make() as string }),
  'the options of an explanation': (run, _, make) => run.explain(make() as object),
  'the limit of a timeline': (run, _, make) => run.timeline({ limit: make() as number }),
  'the options of a timeline': (run, _, make) => run.timeline(make() as object),
  'the event after which a run is asked for': (run, _, make) => run.at(make() as number),
  'what is charted': (_, __, make) => chart(make() as never),
  'what is drawn': (_, __, make) => diagram(make() as never),
  'the run that is drawn': (_, __, make) => diagram(child, { run: make() as never }),
  'the steps of a run that is drawn': async (run, _, make) =>
    diagram(child, {
      run: { ...(await run.snapshot()), orchestrator: 'hostileChild', steps: { 't/s': make() } as never },
    }),
  'what coverage is asked of': (_, box, make) => coverageOf(box, make() as never),
  'what a run is asked for': (_, box, make) => box.run(make() as string).status(),
};

/** What a run is started with. */
export const STARTS: readonly string[] = ['id', 'key', 'metadata', 'input', 'singleton', 'debounce'];
