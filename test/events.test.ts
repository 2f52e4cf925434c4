/** The history's vocabulary: every type has its fields, the check at the border knows them, terminal is terminal (I5). */
import { describe, expect, test } from 'vitest';
import { EVENT_TYPES, type EventOf, type EventType, endsRun, faultOfEvent, isTerminal } from '../src/events.ts';
import { builtInKinds } from '../src/machines/index.ts';

const error = { code: 'task-failed', name: 'Error', message: 'no' };

/** Every field that any type has. */
const values = {
  run: 'order-17',
  seq: 1,
  at: 1_767_225_600_000,
  path: 'payment/charge',
  orchestrator: 'order',
  version: '1',
  attempt: 1,
  error,
  delay: 1_000,
  due: 1_767_225_601_000,
  fraction: 0.5,
  note: null,
  reason: null,
  signal: 'confirm',
  id: 's1',
  count: 101,
  steps: 303,
  name: 'order.shipped',
  data: { parcel: [1] },
  approval: 'order-17/review/manager#1',
  question: 'Ship it?',
  users: ['mia'],
  roles: ['manager'],
  decisions: ['approve', 'reject'],
  decision: 'approve',
  act: 'claim',
  by: 'mia',
  revision: 1,
  outcome: 'wait',
  of: 'order-16',
  from: 'payment/charge',
  taken: 3,
  hook: 'audit',
  on: 'afterStep',
};

const approvals: { readonly [what: string]: readonly (keyof typeof values)[] } = {
  requested: ['question', 'users', 'roles', 'decisions', 'due'],
  changed: ['act', 'by', 'revision'],
  reminded: ['users', 'roles'],
  resolved: ['decision', 'by', 'revision'],
  expired: ['outcome'],
  withdrawn: [],
};

const common = ['run', 'seq', 'at', 'path'] as const;
const terminal = ['completed', 'failed', 'timedOut', 'skipped', 'cancelled', 'compensated', 'compensationFailed'];

/** Which fields a type has beside the common ones, written out a second time on purpose. */
function fieldsOf(type: EventType): readonly (keyof typeof values)[] {
  const [noun, what] = type.split('.') as [string, string];
  const attempt = noun === 'step' && what !== 'skipped' && what !== 'awaitingApproval' ? (['attempt'] as const) : [];
  if (noun === 'children') return ['count', 'steps'];
  if (noun === 'signal') return ['signal', 'id'];
  if (noun === 'approval') return ['approval', ...(approvals[what] as readonly (keyof typeof values)[])];
  if (type === 'cache.hit') return ['attempt', 'from'];
  if (noun === 'cache') return ['attempt'];
  if (noun === 'hook') return ['hook', 'on', 'error'];
  if (noun === 'user') return ['name', 'data'];
  if (what === 'waiting') return ['due'];
  if (type === 'step.paused') return ['reason'];
  if (type === 'run.rerun') return ['of', 'from', 'taken'];
  if (type === 'run.started') return ['orchestrator', 'version'];
  if (what === 'progress') return [...attempt, 'fraction', 'note'];
  if (what === 'retrying') return [...attempt, 'error', 'delay', 'due'];
  if (what === 'cancelling' || what === 'cancelled') return [...attempt, 'reason'];
  if (type === 'step.awaitingIntervention') return [...attempt, 'error'];
  if (what === 'failed' || what === 'timedOut' || what === 'compensationFailed') return [...attempt, 'error'];
  return attempt;
}

function eventOf(type: EventType): { [field: string]: unknown } {
  return { type, ...Object.fromEntries([...common, ...fieldsOf(type)].map((field) => [field, values[field]])) };
}

describe.each(EVENT_TYPES)('%s', (type) => {
  test('has its fields, and is taken with them', () => {
    expect(faultOfEvent(eventOf(type))).toBe(null);
  });

  test.each([...common, ...fieldsOf(type)])('is refused without %s', (field) => {
    const { [field]: _, ...rest } = eventOf(type);

    expect(faultOfEvent(rest)).toContain(`its "${field}" is not a`);
  });

  test.each([...common, ...fieldsOf(type)])('is refused with a %s of another type', (field) => {
    // What is JSON may be `true`.
    const wrong = ['data', 'users', 'roles', 'decisions'].includes(field) ? () => {} : true;
    expect(faultOfEvent({ ...eventOf(type), [field]: wrong })).toContain(`its "${field}" is not a`);
  });
});

describe('an event', () => {
  test.each([null, undefined, 'run.started', 7])('that is %j is no object', (value) => {
    expect(faultOfEvent(value)).toBe('it is not an object');
  });

  test.each([undefined, null, '', 'run', 'run.begun', 'step.Started', 7])('of type %j is of none', (type) => {
    expect(faultOfEvent({ ...eventOf('run.completed'), type })).toBe(`there is no event type ${JSON.stringify(type)}`);
  });

  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'of type %s is of none, whatever objects inherit',
    (type) => {
      expect(faultOfEvent({ ...eventOf('run.completed'), type })).toBe(`there is no event type "${type}"`);
    },
  );

  test.each([Number.NaN, Number.POSITIVE_INFINITY, '1', null])('with number %j is refused', (seq) => {
    expect(faultOfEvent({ ...eventOf('run.completed'), seq })).toBe('its "seq" is not a whole number');
  });

  test.each([null, 'no', {}, { message: 'no' }, { code: 7 }])('that failed with %j has no error', (wrong) => {
    expect(faultOfEvent({ ...eventOf('step.failed'), error: wrong })).toContain('its "error" is not a');
  });

  test('may carry a reason, or null where nobody gave one', () => {
    expect(faultOfEvent({ ...eventOf('run.cancelled'), reason: 'too late' })).toBe(null);
    expect(faultOfEvent({ ...eventOf('run.cancelled'), reason: null })).toBe(null);
  });

  test('may have more fields than its type knows, so that an older reader can read a newer history', () => {
    expect(faultOfEvent({ ...eventOf('run.completed'), tenant: 'acme' })).toBe(null);
  });

  test('narrows by its type', () => {
    const event: EventOf<'step.retrying'> = {
      run: 'order-17',
      seq: 4,
      at: 0,
      path: 'payment/charge',
      type: 'step.retrying',
      attempt: 1,
      error,
      delay: 1_000,
      due: 1_000,
    };

    expect(faultOfEvent(event)).toBe(null);
  });
});

describe('a status', () => {
  test.each(terminal)('of %s is never left (I5)', (status) => {
    expect(isTerminal(status)).toBe(true);
  });

  test.each([
    'pending',
    'awaitingApproval',
    'running',
    'waiting',
    'retrying',
    'paused',
    'awaitingIntervention',
    'cancelling',
    'compensating',
    '',
    'Completed',
    'constructor',
  ])('of %j is not the last', (status) => {
    expect(isTerminal(status)).toBe(false);
  });
});

describe('a run ends', () => {
  test('by the terminal events of its own, and by no other (S24)', () => {
    expect(EVENT_TYPES.filter(endsRun)).toEqual(
      EVENT_TYPES.filter((type) => terminal.some((status) => type === `run.${status}`)),
    );
    // A run of which something could not be undone has failed.
    expect(EVENT_TYPES.filter(endsRun)).toHaveLength(terminal.length - 1);
  });
});

test('every noun has an event for every status in which its machines end, so no end goes untold', () => {
  for (const { noun, machine } of builtInKinds.names().map((name) => builtInKinds.get(name)))
    for (const state of Object.keys(machine.states))
      if (isTerminal(state)) expect(EVENT_TYPES).toContain(`${noun}.${state}`);
});

/** What the engine tells beside the states that machines come to. */
const TOLD = ['run.paused', 'run.resumed', 'run.rerun', 'run.awaitingIntervention', 'step.progress'];

test('every type is one that somebody sends: the engine, or a machine that comes to such a state (P116)', () => {
  const sent = new Set<string>(TOLD);
  for (const { noun, machine } of builtInKinds.names().map((name) => builtInKinds.get(name)))
    for (const state of Object.keys(machine.states)) sent.add(`${noun}.${state === 'running' ? 'started' : state}`);
  const nouns = EVENT_TYPES.filter((type) => /^(run|track|step)\./.test(type));
  expect(nouns.filter((type) => !sent.has(type))).toEqual([]);
});
