/**
 * Machines of steps that are started by themselves, with a clock that is moved by hand: which states they come to and when, what bodies
 * are called with, how many timers run, and what is persisted on the way is what `alone.txt` says. Whoever has persisted such a machine
 * goes on with it in a later version: a change there is read before it is taken over (`npx vitest run test/machines/alone.test.ts -u`).
 */
import { settled } from 'signalbox/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type AnyActorRef, type AnyEventObject, type AnyStateMachine, createActor, fromCallback, setup } from 'xstate';
import type { PlanNode, TaskDefinition } from '../../src/definition.ts';
import { RetryAfter, TerminalError } from '../../src/errors/index.ts';
import type { Json } from '../../src/json.ts';
import { builtInKinds } from '../../src/machines/index.ts';
import { NO_RETRY } from '../../src/retry.ts';
import { say } from '../helpers/moves.ts';
import { nodeOf } from '../helpers/nodes.ts';

const START = 1_000_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: START });
});
afterEach(() => void vi.useRealTimers());

const lines: string[] = [];
const note = (line: string): void => void lines.push(`  ${Date.now() - START}: ${line}`);

type Called = { readonly signal: AbortSignal } & object;
/** What a body is called with, and how it ends. */
const body =
  (name: string, ...ends: readonly (() => unknown)[]) =>
  ({ signal, ...told }: Called): unknown => {
    const { progress: _, heartbeat: __, log: ___, ...said } = told as { readonly [key: string]: unknown };
    note(`${name} is called with ${say(said)}`);
    signal.addEventListener('abort', () => note(`${name} is cut off: ${(signal.reason as Error).message}`));
    calls += 1;
    return ends[Math.min(calls, ends.length) - 1]?.();
  };
let calls = 0;

const gives = (value: unknown) => (): unknown => value;
const fails = (error: Error) => (): never => {
  throw error;
};
const never = (): Promise<never> => new Promise(() => {});
const broken = fails(new Error('broken'));

interface Play {
  readonly kind: string;
  readonly node?: PlanNode | undefined;
  readonly input?: Json;
  /** Milliseconds that pass, what it is told, that it is persisted and goes on elsewhere, or stopped. */
  readonly next?: readonly (number | AnyEventObject | 'persist' | 'stop')[];
  /** Below a machine of somebody's. */
  readonly below?: boolean;
  /** It does not begin by itself. */
  readonly waits?: boolean;
}

function hear(actor: AnyActorRef): void {
  let before: { readonly [key: string]: unknown } | null = null;
  actor.subscribe({
    next: ({ value, context: { node: _, ...memory } }) => {
      const changed = Object.entries(memory as object).filter(([key, each]) =>
        // At first, what there is.
        before === null ? each !== null : say(before[key]) !== say(each),
      );
      before = memory as object as NonNullable<typeof before>;
      note(`${String(value)} ${say(Object.fromEntries(changed))}`);
    },
    complete: () => {
      const { status, output } = actor.getSnapshot() as { readonly status: string; readonly output: unknown };
      note(status === 'done' ? `ends with ${say(output)}` : 'is stopped');
    },
    error: (error) => note(`throws ${(error as Error).message}`),
  });
}

function begin({ kind, node, input = { n: 1 }, below, waits }: Play, snapshot?: object): AnyActorRef {
  const known = builtInKinds.get(kind).machine;
  const machine = waits ? known.provide({ actors: { begin: fromCallback(() => undefined) } }) : known;
  const options = { input: { node, input }, ...(snapshot === undefined ? {} : { snapshot }) } as never;
  if (!below) {
    const actor = createActor(machine, options);
    hear(actor);
    return actor.start();
  }
  const above = setup({ actors: { one: machine as AnyStateMachine } }).createMachine({
    invoke: { src: 'one', id: 'mine', input: { node, input } },
  });
  const actor = createActor(above).start();
  hear(actor.getSnapshot().children.mine as AnyActorRef);
  return actor.getSnapshot().children.mine as AnyActorRef;
}

function stop(actor: AnyActorRef): void {
  (actor._parent ?? actor).stop();
}

async function played(name: string, play: Play): Promise<string> {
  lines.length = 0;
  calls = 0;
  vi.setSystemTime(START);
  let actor = begin(play);
  await settled();
  for (const each of play.next ?? []) {
    note(`timers: ${vi.getTimerCount()}`);
    if (typeof each === 'number') await vi.advanceTimersByTimeAsync(each);
    else if (each === 'stop') stop(actor);
    else if (each === 'persist') {
      const snapshot = JSON.parse(JSON.stringify(actor.getPersistedSnapshot())) as object;
      note(`is persisted as ${say(snapshot)}`);
      stop(actor);
      await settled();
      actor = begin(play, snapshot);
    } else actor.send(each);
    await settled();
  }
  note(`timers: ${vi.getTimerCount()}`);
  stop(actor);
  vi.clearAllTimers();
  return `## ${name}\n\n${lines.join('\n')}\n`;
}

const fast = { ...NO_RETRY, maxAttempts: 3, delay: 100 };
const taskOf = (run: (context: Called) => unknown, more: Partial<TaskDefinition> = {}, retry = NO_RETRY): Play => ({
  kind: 'task',
  node: nodeOf('task', { retry, task: { run: run as never, ...more } }),
});
const undoing = (run: (context: Called) => unknown, retry = NO_RETRY): Partial<TaskDefinition> => ({
  compensate: { run: run as never, retry, timeout: undefined, parses: false },
});
const cleaned = { cleanup: body('cleanup', gives(null)) as never };
const leaf = (kind: string, spec: object, more: Partial<Play> = {}): Play => ({
  kind,
  node: { ...nodeOf(kind), spec } as PlanNode,
  ...more,
});
const cancel = { type: 'cancel', reason: 'enough' };
const compensate = { type: 'compensate', output: 'made', attempt: 2 };

const PLAYS: { readonly [name: string]: Play } = {
  'a body that answers': taskOf(body('body', gives('made'))),
  'a body that answers later': {
    ...taskOf(body('body', () => new Promise((wake) => setTimeout(wake, 50)))),
    next: [49, 1],
  },
  'a body that fails': taskOf(body('body', broken)),
  'a body that fails, and stands still': {
    ...taskOf(body('body', broken, gives('made'))),
    node: {
      ...nodeOf('task', { retry: NO_RETRY, task: { run: body('body', broken, gives('made')) as never } }),
      holds: true,
    },
    next: ['persist', { type: 'retry', input: 'other' }],
  },
  'a body that fails three times': { ...taskOf(body('body', broken), {}, fast), next: [99, 1, 199, 1] },
  'a body that fails once': { ...taskOf(body('body', broken, gives('made')), {}, fast), next: [100] },
  'a body that fails for good': taskOf(body('body', fails(new TerminalError('never'))), {}, fast),
  'a body that says when': {
    ...taskOf(body('body', fails(new RetryAfter(700)), gives('made')), {}, fast),
    next: [699, 1],
  },
  'a body that is tried again by chance': {
    ...taskOf(body('body', broken), {}, { ...fast, jitter: 1 }),
    next: [100, 200],
  },
  'the same below a machine': {
    ...taskOf(body('body', broken), {}, { ...fast, jitter: 1 }),
    below: true,
    next: [100, 200],
  },
  'a body that is persisted while it waits for its next attempt': {
    ...taskOf(body('body', broken, gives('made')), {}, fast),
    next: [40, 'persist', 59, 1],
  },
  'a body whose next attempt is over due when it goes on': {
    ...taskOf(body('body', broken, gives('made')), {}, fast),
    next: [40, 'persist', 'stop', 200],
  },
  'a body that is persisted while it runs': { ...taskOf(body('body', never, gives('made'))), next: ['persist'] },
  'a body that takes too long': { ...taskOf(body('body', never), { timeout: 50 }, fast), next: [49, 1, 100] },
  'a body that is cancelled': { ...taskOf(body('body', never), cleaned), next: [cancel] },
  'a body that is cancelled without a reason': { ...taskOf(body('body', never), cleaned), next: [{ type: 'cancel' }] },
  'a body that is cancelled and has no cleanup': { ...taskOf(body('body', never)), next: [cancel] },
  'a cleanup that fails': {
    ...taskOf(body('body', never), { cleanup: body('cleanup', broken) as never }),
    next: [cancel],
  },
  'a cleanup that is cut short': {
    ...taskOf(body('body', never), { cleanup: body('cleanup', never) as never }),
    next: [cancel, { ...cancel, force: true }],
  },
  'a body that is cancelled between two attempts': {
    ...taskOf(body('body', broken), {}, fast),
    next: [40, cancel, 100],
  },
  'a body that is stopped between two attempts': { ...taskOf(body('body', broken), {}, fast), next: [40, 'stop', 100] },
  'a body that is stopped while it runs': { ...taskOf(body('body', never)), next: ['stop'] },
  'no body': taskOf(undefined as never),
  'no definition': { kind: 'task', node: undefined },
  'an approval before it': {
    ...taskOf(body('body', gives('made')), { approval: {} } as never),
    next: ['persist', { type: 'resolved', how: 'go', input: 'edited' }],
  },
  // A completed step is no machine any more: what undoes it begins at its beginning.
  'undone at once': { waits: true, ...taskOf(never, undoing(body('compensate', gives(null)))), next: [compensate] },
  'undone at the second try': {
    waits: true,
    ...taskOf(never, undoing(body('compensate', broken, gives(null)), fast)),
    next: [compensate, 99, 1],
  },
  'not to be undone again': {
    waits: true,
    ...taskOf(never, undoing(body('compensate', fails(new TerminalError('gone'))), fast)),
    next: [compensate],
  },
  'never undone': {
    waits: true,
    ...taskOf(never, undoing(body('compensate', broken), fast)),
    next: [compensate, 100, 'persist', 200],
  },
  'cut short': {
    waits: true,
    ...taskOf(never, undoing(body('compensate', never))),
    next: [compensate, { ...cancel, force: true }],
  },
  'with nothing that undoes it': { waits: true, ...taskOf(never), next: [compensate] },
  'a sleep': leaf('sleep', { ms: 1_000 }, { next: [999, 1] }),
  'a sleep that is persisted': leaf('sleep', { ms: 1_000 }, { next: [400, 'persist', 599, 1] }),
  'a sleep that is cancelled': leaf('sleep', { ms: 1_000 }, { next: [400, cancel, 600] }),
  'a sleep that is stopped': leaf('sleep', { ms: 1_000 }, { next: [400, 'stop', 600] }),
  'a sleep of no length': leaf('sleep', {}, { next: [0] }),
  'a sleep that is skipped': leaf('sleep', { ms: 1_000 }, { next: [{ type: 'skip', output: 7 }] }),
  'a sleep until an instant': leaf('sleep', { until: START + 300 }, { next: [299, 1] }),
  'a sleep until one that is past': leaf('sleep', { until: 5 }, { next: [0] }),
  'a sleep until one that is its input': leaf('sleep', { until: 'input' }, { input: START + 300, next: [299, 1] }),
  'a sleep of a length that is its input': leaf('sleep', { for: 'input' }, { input: 300, next: [299, 1] }),
  'a sleep longer than a timer can be': leaf(
    'sleep',
    { ms: 5_000_000_000 },
    { next: [2_500_000_000, 'persist', 2_499_999_999, 1] },
  ),
  'an event': leaf('emit', { event: 'told' }),
  'an aggregate': leaf('aggregate', {}),
  'a set': leaf('set', { variables: ['n'] }),
  'an end': leaf('terminate', { as: 'completed' }, { next: ['persist', cancel] }),
  'an end as failed': leaf('terminate', { as: 'failed' }, { input: 'late', next: [cancel] }),
  'a child run': leaf('run', { detach: false }),
  'a child run that stands still': {
    kind: 'run',
    node: { ...nodeOf('run'), holds: true },
    next: ['persist', { type: 'resolve', output: 'by hand' }],
  },
  'a signal': leaf('signal', { sends: 'go' }),
  'an approval': leaf('approval', {}, { next: ['persist', { type: 'resolved', how: 'complete', output: 'decided' }] }),
  'a gate': leaf('gate', { criteria: { n: { min: 1 } }, threshold: 80 }),
  'a gate that is closed': leaf(
    'gate',
    { criteria: { n: { min: 2, required: true } }, threshold: 80 },
    { next: ['persist', { type: 'retry', input: { n: 2 } }] },
  ),
};

test('a machine of a step that is started by itself goes its way by the clock, and goes on where it was persisted (S10, S14)', async () => {
  const pages: string[] = [];
  for (const [name, play] of Object.entries(PLAYS)) pages.push(await played(name, play));
  await expect(pages.join('\n')).toMatchFileSnapshot('./alone.txt');
});
