/** The family of errors: a code for programs, fields for tools, a sentence for a person; and the record that outlives a process. */
import { describe, expect, test } from 'vitest';
import * as errors from '../src/errors/index.ts';
import { ERROR_CODES, type ErrorCode, type ErrorRecord, SignalboxError, show, toRecord } from '../src/errors/index.ts';
import { untyped } from './dsl/fixtures.ts';

const issues = [{ path: 'lines[2].qty', message: 'expected a number' }];
const record: ErrorRecord = { code: 'task-failed', name: 'Error', message: 'card declined', path: 'payment/charge' };

/** One error of each code, and what its sentence must have: the value first, the way out last. */
const family: Record<ErrorCode, readonly [SignalboxError, ...string[]]> = {
  'definition-invalid': [
    new errors.DefinitionInvalid({
      definition: 'order',
      faults: [
        { code: 'unknown-reference', path: 'order/delivery', message: 'it waits for "paymnt".' },
        { code: 'bad-name', path: 'order/[1]', message: 'it is empty.' },
      ],
    }),
    '"order" has 2 faults',
    '\n  order/delivery: it waits for "paymnt". [unknown-reference]',
    '\n  order/[1]: it is empty. [bad-name]',
    'fix these before starting a run',
  ],
  'duration-invalid': [new errors.InvalidDuration({ what: 'timeout', value: 'soon' }), '"soon"', '(timeout)', `'30s'`],
  'instant-invalid': [
    new errors.InvalidInstant({ what: '"until" of step "nap"', value: 'tomorrow' }),
    '"tomorrow" is not an instant',
    '"until" of step "nap"',
    '2030-01-01T09:00:00Z',
  ],
  'option-invalid': [
    new errors.InvalidOption({ option: 'concurrency', value: 0, expected: 'a whole number from 1 on' }),
    '"concurrency" cannot be 0',
    'it takes a whole number from 1 on',
  ],
  'task-missing': [
    new errors.TaskMissing({
      tasks: [
        { task: 'charge', orchestrator: 'order' },
        { task: 'ship', orchestrator: 'order' },
        { task: 'charge', orchestrator: 'refund' },
      ],
    }),
    '"charge", which orchestrator "order" calls; "ship", which orchestrator "order" calls; "charge", which orchestrator "refund" calls',
    'createSignalbox({ tasks: { charge, ship } })',
  ],
  'task-unknown': [
    new errors.TaskUnknown({ tasks: ['chrage'], known: ['charge', 'ship'], missing: [] }),
    '"chrage"',
    'Known tasks: charge, ship.',
  ],
  'orchestrator-unknown': [
    new errors.OrchestratorUnknown({ orchestrator: 'ordr', known: ['order'], another: false }),
    '"ordr"',
    'Known orchestrators: order.',
    'createSignalbox({ orchestrators: [...] })',
  ],
  'kind-unknown': [new errors.KindUnknown({ kind: 'wait', known: ['task'] }), '"wait"', 'Known kinds: task.'],
  'kind-taken': [new errors.KindTaken({ kind: 'task' }), '"task"', 'another name'],
  'kind-invalid': [
    new errors.KindInvalid({ kind: 'dance', faults: ['State "a" has nested states.'] }),
    '"dance" cannot be kept',
    'State "a" has nested states.',
  ],
  'input-invalid': [
    new errors.InputInvalid({ what: 'input of task "ship"', issues }),
    'input of task "ship"',
    'lines[2].qty: expected a number',
  ],
  'output-invalid': [
    new errors.OutputInvalid({ what: 'output of task "ship"', issues }),
    'output of task "ship"',
    'lines[2].qty: expected a number',
    'Fix what makes it or relax the schema.',
  ],
  'schema-failed': [
    new errors.SchemaFailed({ what: 'input of task "ship"', reason: 'boom' }, new Error('boom')),
    'input of task "ship"',
    'boom',
  ],
  'value-not-json': [
    new errors.NotJson({ what: 'input', path: 'at', found: 'an instance of Date', value: null }),
    '"at" is an instance of Date',
    'Give plain objects',
  ],
  'value-too-large': [
    new errors.ValueTooLarge({ what: 'input', bytes: 11, maxBytes: 10 }),
    'has 11 bytes',
    'at most 10',
    'maxValueBytes',
  ],
  'task-failed': [new errors.TaskFailed({ task: 'ship', reason: 'no truck' }, new Error('no truck')), 'no truck'],
  'task-threw': [new errors.TaskThrew({ task: 'ship', reason: 'no truck' }, new Error('no truck')), 'no truck'],
  'task-threw-value': [
    new errors.TaskThrewValue({ task: 'ship', value: 'no truck' }),
    '"ship" threw "no truck"',
    'Throw an Error',
  ],
  'step-timed-out': [
    new errors.StepTimedOut({ task: 'ship', timeout: 90_000, text: '1m30s' }),
    '"ship"',
    '1m30s',
    'Raise the timeout, or end the body when the signal fires.',
  ],
  'body-dropped': [
    new errors.BodyDropped({ limit: { of: 'task', name: 'ship', key: 'acme', limit: 4, per: null } }),
    'The limit of 4 for bodies of task "ship" with key "acme" was reached',
    'raise the limit',
  ],
  'body-replaced': [
    new errors.BodyReplaced({ limit: { of: 'box', name: null, key: null, limit: 4, per: null } }),
    'The limit of 4 for bodies of the box was reached',
    'a newer body took the place',
  ],
  'budget-spent': [
    new errors.BudgetSpent({
      task: 'draw',
      budget: 'images',
      key: 'acme',
      limit: 10,
      per: 86_400_000,
      spent: 9,
      cost: 2,
      resetsAt: Date.UTC(2030, 0, 2),
      text: '1d',
    }),
    'The budget "images" of 10 per 1d for task "draw" with key "acme" is spent: 9 in the last 1d, and this attempt costs 2.',
    'was not begun',
    'from 2030-01-02T00:00:00.000Z on',
  ],
  'hook-failed': [
    new errors.HookFailed(
      { hook: 'audit', on: 'beforeStep', ignores: false, reason: 'no ledger' },
      new Error('no ledger'),
    ),
    'Hook "audit" failed in its beforeStep: no ledger.',
    'was not begun',
    `"onHookError: 'ignore'"`,
  ],
  'hook-timed-out': [
    new errors.HookTimedOut({ hook: 'audit', on: 'afterStep', ignores: false, timeout: 5_000, text: '5s' }),
    'Hook "audit" did not end its afterStep within its timeout of 5s',
    'Raise its "timeout"',
    'Nothing else came of it.',
  ],
  'deadline-passed': [
    new errors.DeadlinePassed({ what: 'track', deadline: 60_000, text: '1m' }),
    'The track did not end within its deadline of 1m.',
    'Raise the deadline',
  ],
  'wait-timed-out': [
    new errors.WaitTimedOut({ signal: 'confirm', timeout: 3_600_000, text: '1h' }),
    'No signal "confirm" that fits came within 1h.',
    '"onTimeout"',
  ],
  'child-failed': [
    new errors.ChildFailed({ run: 'c1', orchestrator: 'refund', error: record }),
    '"c1" of orchestrator "refund" failed: card declined.',
  ],
  'child-timed-out': [
    new errors.ChildTimedOut({ run: 'c1', orchestrator: 'refund', error: null }),
    '"c1" of orchestrator "refund" ran out of time.',
    'Give it more',
  ],
  'child-cancelled': [
    new errors.ChildCancelled({ run: 'c1', orchestrator: 'refund', reason: 'enough' }),
    '"c1" of orchestrator "refund" was cancelled: enough.',
  ],
  'child-too-deep': [
    new errors.ChildTooDeep({ orchestrator: 'tree', depth: 3 }),
    '"tree"',
    'more than 3 runs below',
    'greater "depth"',
  ],
  'box-missing': [
    new errors.BoxMissing({ what: 'undo the child runs of a child run' }),
    'A machine without a box cannot undo the child runs of a child run. Start the orchestrator in a box: box.start(…).',
  ],
  'signal-unheard': [
    new errors.SignalUnheard({ signal: 'shipped', to: 'run "r"', answers: ['There is no run "r".'] }),
    'signal "shipped"',
    'run "r": There is no run "r".',
    'leave out "required"',
  ],
  'mapper-failed': [
    new errors.MapperFailed({ mapper: 'mapper of the input of task "ship"', reason: 'no such field' }),
    'input of task "ship"',
    'no such field',
  ],
  'mapper-async': [
    new errors.MapperAsync({ mapper: 'mapper of the input of task "ship"' }),
    'input of task "ship"',
    'do the waiting in a task',
  ],
  'predicate-failed': [
    new errors.PredicateFailed({ what: '"when" of route "high"', value: 1, wanted: 'true or false' }),
    '"when" of route "high"',
    'answered with 1',
    'true or false',
  ],
  'route-missing': [
    new errors.RouteMissing({ branch: 'risk', routes: ['high', 'low'], key: 'none' }),
    'Branch "risk"',
    'There is none for "none"',
    '"high", "low"',
    '"otherwise"',
  ],
  'items-invalid': [
    new errors.ItemsInvalid({ what: '"over" of collection "lines"', value: 7 }),
    '"over" of collection "lines"',
    'is 7. It has to be a list',
    `a range of whole numbers like '1..10'`,
  ],
  'items-changed': [
    new errors.ItemsChanged({ collection: 'lines', before: 3, now: 2 }),
    'collection "lines"',
    '2 instead of 3',
    'no clock, no chance',
  ],
  'quorum-unreachable': [
    new errors.QuorumUnreachable({ collection: 'lines', quorum: 3, items: 2 }),
    'Collection "lines"',
    'when 3 of its items',
    'there are 2',
  ],
  'loop-limit': [new errors.LoopLimit({ loop: 'poll', limit: 50 }), 'Loop "poll"', '50 rounds', `"onLimit: 'stop'"`],
  'reference-missing': [
    new errors.ReferenceMissing({ step: 'total', reference: 'lins', known: ['lines'] }),
    'Step "total"',
    '"lins"',
    'lines',
  ],
  'mapping-missing': [
    new errors.MappingMissing({ path: 'outputs.hold.id', stop: 'outputs.hold', reason: 'is null' }),
    '"outputs.hold.id"',
    '"outputs.hold" is null',
    `{ from: "outputs.hold.id", or: { value: null } }, or 'previous'`,
  ],
  'approval-rejected': [
    new errors.ApprovalRejected({ approval: 'r/a/b#1', by: 'mia', comment: 'too dear' }),
    '"mia" rejected approval "r/a/b#1": too dear.',
  ],
  'approval-expired': [
    new errors.ApprovalExpired({ approval: 'r/a/b#1', asked: ['mia', 'manager'] }),
    '(mia, manager)',
    '"r/a/b#1"',
    '"onExpiry"',
  ],
  'approval-impossible': [
    new errors.ApprovalImpossible({ approval: 'r/a/b#1', approvals: 2, users: ['mia', 'tom'], excluded: ['tom'] }),
    '"r/a/b#1"',
    'weight 2',
    'mia, tom',
    'exclude fewer',
  ],
  'initiator-unknown': [
    new errors.InitiatorUnknown({ approval: 'r/a/b#1' }),
    '"r/a/b#1"',
    `metadata: { initiator: 'mia' }`,
  ],
  'gate-rejected': [
    new errors.GateRejected({ gate: 'quality', missed: 'coverage is 71 and has to be at least 80, 9 away (required)' }),
    'Gate "quality" is closed: coverage is 71',
    '9 away',
    'box.decide',
  ],
  'run-terminated': [
    new errors.RunTerminated({ step: 'stop', reason: 'sold out' }),
    'Step "stop"',
    'as failed: sold out',
  ],
  'compensation-incomplete': [
    new errors.CompensationIncomplete({ failed: ['pay/charge'], failures: 1 }),
    '1 completed step could not be undone: pay/charge.',
    'run.compensate() tries again what is left',
  ],
  'compensation-cut': [new errors.CompensationCut(), 'cut short by a cancel with "force"', 'look where'],
  'run-failed': [
    new errors.RunFailed({
      run: 'order-17',
      orchestrator: 'order',
      status: 'failed',
      error: record,
      failures: [record, { ...record, path: 'delivery/ship' }],
    }),
    'Run "order-17" of orchestrator "order" ended failed: step "payment/charge": card declined (and 1 more: delivery/ship)',
  ],
  'run-cancelled': [
    new errors.RunCancelled({ run: 'order-17', reason: 'out of stock' }),
    '"order-17" was cancelled: out of stock.',
  ],
  'run-unknown': [new errors.RunUnknown({ run: 'order-17' }), '"order-17"', 'Look at the id'],
  'run-exists': [
    new errors.RunExists({ run: 'order-17', differs: 'input' }),
    '"order-17" exists already with another input',
    'Start under a new id',
  ],
  'run-live': [
    new errors.RunLive({ run: 'r', orchestrator: 'order', key: 'acme' }),
    'Run "r" of orchestrator "order" is live under the singleton key "acme"',
    "whenLive: 'join'",
  ],
  'run-unfinished': [
    new errors.RunUnfinished({ run: 'order-17', status: 'running', wanted: 'deleted' }),
    'Run "order-17" is still "running"',
    'cancel it first: await run.cancel(); await run.outcome(); await run.delete()',
  ],
  'command-failed': [
    new errors.CommandFailed({ run: 'order-17', command: 'cancel', error: record }),
    'Run "order-17" could not take the cancel: card declined.',
    'Nothing of it was done.',
  ],
  'command-unreadable': [
    new errors.CommandUnreadable({ command: 'signal', field: 'name', given: '7', wanted: 'a text' }),
    'A signal that was left for a run cannot be read: its "name" is 7, and a text belongs there.',
    'same version',
  ],
  'command-refused': [
    new errors.CommandRefused({ run: 'order-17', command: 'pause', status: 'cancelling', allowed: ['signal'] }),
    'Run "order-17" does not take "pause": it is cancelling.',
    'Possible now: signal.',
  ],
  'intervention-refused': [
    new errors.InterventionRefused({
      run: 'r',
      command: 'retry',
      path: 'a/b',
      why: '"a/b" is running. Possible now: skip.',
    }),
    'Nothing was done about run "r" ("retry"): "a/b" is running.',
    'Possible now: skip.',
  ],
  'import-refused': [
    new errors.ImportRefused({ run: 'r', at: 'steps[2].kind', why: 'it is of kind "sleep"' }),
    'Run "r" was not imported: steps[2].kind: it is of kind "sleep".',
    'Nothing of it was kept.',
  ],
  'state-file-unusable': [
    new errors.StateFileUnusable({
      file: 'r.json',
      reasons: [
        { file: 'r.json', reason: 'it is missing' },
        { file: 'r.json-before', reason: 'it is missing' },
      ],
    }),
    'No run can be restored from the state file r.json',
    'r.json: it is missing; r.json-before: it is missing.',
  ],
  'state-file-unwritten': [
    new errors.StateFileUnwritten({ file: 'r.json', reason: 'the disk is full. Make room' }),
    'State file r.json could not be written: the disk is full. Make room.',
    'The run goes on',
  ],
  'schedule-unknown': [
    new errors.ScheduleUnknown({ schedule: 'nightly' }),
    'There is no schedule "nightly" any more',
    'declare it: box.schedule("nightly", { … })',
  ],
  'box-closed': [new errors.BoxClosed(), 'create a new box'],
  'never-settled': [
    new errors.NeverSettled({ box: 'of "order" on memory', what: ['a commit'], patience: 10_000, text: '10s' }),
    'The box of "order" on memory was still busy after 10s',
    ': a commit.',
    'raise "patience"',
  ],
  'commit-failed': [
    new errors.CommitFailed({ runs: ['order-17'], retryIn: 50, reason: 'disk full.' }, new Error('disk full.')),
    'run "order-17": disk full.',
    'repeated in 50 ms',
  ],
  'commit-refused': [
    new errors.CommitRefused({ run: 'r', message: 'signal', reason: 'no such column' }),
    'type "signal"',
    'run "r"',
    'no such column.',
    'Nothing was changed',
  ],
  'commit-conflict': [
    new errors.CommitConflict({ run: 'order-17', expected: 4, found: 6 }),
    '"order-17" was to go on after event 4',
    'ends at 6',
    'It is read again.',
  ],
  'lease-lost': [
    new errors.LeaseLost({ run: 'order-17', owner: 'host-b:42', fence: 3 }),
    '"order-17" belongs to host-b:42 by now (fence 3)',
    'longer "lease"',
  ],
  'definition-changed': [
    new errors.DefinitionChanged({
      orchestrator: 'order',
      version: '1',
      run: 'order-17',
      gone: ['payment/charge'],
      come: ['payment/pay'],
    }),
    '"order" has changed under version "1"',
    'a new version',
    '\n  - payment/charge\n  + payment/pay',
  ],
  'definition-missing': [
    new errors.DefinitionMissing({ orchestrator: 'order', version: '1', run: 'order-17', known: ['order 2'] }),
    '"order-17" is pinned to version "1" of orchestrator "order"',
    'Known orchestrators: order 2.',
    'Add the version',
  ],
  'store-held': [
    new errors.StoreHeld({ store: 'sqlite orders.db', holder: 'process 42' }),
    'sqlite orders.db is open in another box: process 42',
    'end that one',
  ],
  'store-lost': [
    new errors.StoreLost({ store: 'sqlite orders.db', reason: 'process 7 on host-a has opened it since.' }),
    'sqlite orders.db does not belong to this box any more',
    'process 7 on host-a',
    'go on with whoever has the store',
  ],
  'store-unusable': [
    new errors.StoreUnusable({ store: 'sqlite orders.db', reason: 'it is not a database.' }),
    'sqlite orders.db cannot be used as a store: it is not a database.',
  ],
  'driver-missing': [new errors.DriverMissing({ driver: 'pg' }), '"pg"', 'npm install pg'],
  'node-too-old': [new errors.NodeTooOld({ needed: '22.13', found: '20.19.5' }), 'Node 22.13 or later', '20.19.5'],
  'row-unreadable': [
    new errors.RowUnreadable({ store: 'sqlite orders.db', table: 'runs', row: 'order-17', reason: 'no JSON' }),
    'a row in "runs" (order-17) that cannot be read: no JSON.',
    'Restore it from a backup',
  ],
  'executor-failed': [
    new errors.ExecutorFailed({ key: 'r/a#1', did: 'answered with null' }),
    'answered with null for "r/a#1"',
    'answer({ ok: true, value })',
  ],
  'answer-ignored': [
    new errors.AnswerIgnored({ key: 'order-17/payment/charge#1', why: 'late' }),
    '"order-17/payment/charge#1" came when nobody waited for it any more',
    'It changed nothing.',
  ],
  'subscriber-failed': [
    new errors.SubscriberFailed({ event: 'step.failed', reason: 'boom' }, new Error('boom')),
    '"step.failed" threw: boom',
  ],
  impossible: [new errors.Impossible('Run "order-17" has no root.'), 'Run "order-17" has no root.', 'please report it'],
};

describe.each(Object.entries(family))('%s', (code, [error, ...says]) => {
  test('has its code, is of the family and of its own class, and says what happened and what to do', () => {
    expect(error.code).toBe(code);
    expect(error).toBeInstanceOf(SignalboxError);
    expect(error.name).toBe(error.constructor.name);
    expect(error.name).not.toBe('SignalboxError');
    for (const text of says) expect(error.message).toContain(text);
    expect(error.message).not.toMatch(/undefined|NaN|\[object/);
  });

  test('is a JSON record, and the same again after a store', () => {
    const kept = toRecord(error);

    expect(JSON.parse(JSON.stringify(kept))).toEqual(kept);
    expect(kept).toMatchObject({ code, name: error.name, message: error.message });
    expect(kept.stack).toBe(undefined);
  });
});

test('every class that is exported has one code, and every code one class', () => {
  const classes = Object.values(errors).filter(
    (value): value is typeof SignalboxError => typeof value === 'function' && value.prototype instanceof SignalboxError,
  );

  expect(Object.keys(family)).toEqual([...ERROR_CODES]);
  expect(new Set(Object.values(family).map(([error]) => error.constructor))).toEqual(new Set(classes));
  expect(classes).toHaveLength(ERROR_CODES.length);
});

test("a run that was another's and is nobody's is not said to go on", () => {
  const { message } = new errors.LeaseLost({ run: 'order-17', owner: 'nobody', fence: 3 });

  expect(message).toContain('"order-17" belongs to nobody by now (fence 3): another process has had it since');
  expect(message).not.toContain('goes on');
});

test('one fault is told as one', () => {
  const faults = [{ code: 'cycle', path: 'order', message: 'a → b → a' }] as const;
  expect(new errors.DefinitionInvalid({ definition: 'order', faults }).message).toContain('has a fault;');
});

test('a long list of known names is cut short, and none are told as none', () => {
  const known = Array.from({ length: 30 }, (_, index) => `task-${index}`);

  expect(new errors.TaskUnknown({ tasks: ['x'], known, missing: [] }).message).toMatch(/task-18, task-19, …\.$/);
  expect(new errors.TaskUnknown({ tasks: ['x'], known: [], missing: [] }).message).toMatch(
    /It knows no tasks at all\.$/,
  );
});

test('what users throw has a name and a message of its own (S10)', () => {
  const terminal = new errors.TerminalError('card stolen', { cause: 'bank' });

  expect([terminal.name, terminal.message, terminal.cause]).toEqual(['TerminalError', 'card stolen', 'bank']);
  expect(new errors.RetryAfter(500)).toMatchObject({
    name: 'RetryAfter',
    ms: 500,
    message: 'to be tried again in 500 ms',
  });
});

const cyclic: { itself?: unknown; toString(): string } = { toString: () => 'round' };
cyclic.itself = cyclic;

describe('a record of', () => {
  test('an error has its name, message and stack', () => {
    const error = new TypeError('x is not a function');

    expect(toRecord(error)).toEqual({
      code: 'task-failed',
      name: 'TypeError',
      message: 'x is not a function',
      stack: error.stack,
    });
  });

  test.each<[string, unknown, string]>([
    ['a string', 'no truck', '"no truck"'],
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
    ['a number', 42, '42'],
    ['NaN', Number.NaN, 'NaN'],
    ['a bigint', 42n, '42'],
    ['a symbol', Symbol('mark'), 'Symbol(mark)'],
    ['an object', { status: 503 }, '{"status":503}'],
    ['a cyclic object', cyclic, 'an object that cannot be shown'],
    ['a function', function retry() {}, 'the function retry'],
    ['an object that JSON leaves out', { toJSON: () => undefined }, '[object Object]'],
  ])('%s says what was thrown', (_, thrown, message) => {
    expect(toRecord(thrown)).toEqual({ code: 'task-threw-value', name: 'Error', message });
  });

  test('an error with causes keeps four of them', () => {
    let error = new Error('0');
    for (let depth = 1; depth < 10; depth += 1) error = new Error(String(depth), { cause: error });

    const messages: string[] = [];
    for (let at: ErrorRecord | undefined = toRecord(error); at !== undefined; at = at.cause) messages.push(at.message);
    expect(messages).toEqual(['9', '8', '7', '6', '5']);
  });

  test('an error that is its own cause ends', () => {
    const error = new Error('round');
    error.cause = error;

    expect(JSON.stringify(toRecord(error)).length).toBeLessThan(25_000);
  });

  test('an error with a cause that is none keeps it as text', () => {
    expect(toRecord(new Error('no', { cause: { status: 503 } })).cause).toEqual({
      code: 'task-threw-value',
      name: 'Error',
      message: '{"status":503}',
    });
  });

  test('an error with a long message and a long stack is cut', () => {
    const error = new Error('m'.repeat(100_000));
    error.stack = 's'.repeat(100_000);
    const kept = toRecord(error);

    expect([kept.message.length, kept.stack?.length]).toEqual([8_000, 4_000]);
  });

  test('a value that was thrown is cut', () => {
    expect(toRecord('m'.repeat(100_000)).message.length).toBeLessThan(300);
    expect(toRecord({ text: 'm'.repeat(100_000) }).message.length).toBeLessThan(300);
  });

  test('an error of ours keeps its fields, a bigint among them as text', () => {
    const error = new errors.InvalidOption({ option: 'concurrency', value: 4n, expected: 'a number' });

    expect(toRecord(error).fields).toEqual({ option: 'concurrency', value: '4', expected: 'a number' });
    expect(toRecord(new errors.BoxClosed()).fields).toBe(undefined);
  });

  test('anything takes what else is known of it', () => {
    expect(toRecord('no', { path: 'payment/charge', attempt: 2, retryable: false })).toMatchObject({
      path: 'payment/charge',
      attempt: 2,
      retryable: false,
    });
  });

  test.each<[string, unknown]>([
    ['an error whose message is no string', Object.assign(new Error('x'), { message: 42 })],
    ['an error without a message at all', Object.assign(new Error('x'), { message: undefined })],
    ['an error whose stack is no string', Object.assign(new Error('x'), { stack: ['at a', { line: 1 }] })],
    ['an error whose name is no string', Object.assign(new Error('x'), { name: undefined })],
    ['an error with a long name', Object.assign(new Error('x'), { name: 'n'.repeat(1_000_000) })],
    ['an option whose value is cyclic', new errors.InvalidOption({ option: 'a', value: cyclic, expected: 'b' })],
    ['an option with a long value', new errors.InvalidOption({ option: 'a', value: 'v'.repeat(1e6), expected: 'b' })],
    [
      'a hundred thousand issues',
      new errors.InputInvalid({ what: 'input', issues: Array.from({ length: 100_000 }, () => issues[0]!) }),
    ],
  ])('%s is JSON and bounded all the same (I10, S33)', (_, thrown) => {
    const kept = toRecord(thrown);

    expect(JSON.parse(JSON.stringify(kept))).toEqual(kept);
    for (const text of [kept.name, kept.message, kept.stack ?? '']) expect(text).toBeTypeOf('string');
    expect(JSON.stringify(kept).length).toBeLessThan(100_000);
  });
});

describe('a value in a few words', () => {
  test.each<[unknown, string]>([
    ['a "b"', '"a \\"b\\""'],
    ['', '""'],
    [-1, '-1'],
    [[1, 2], '[1,2]'],
    [cyclic, 'an object that cannot be shown'],
    [() => 1, 'the function (anonymous)'],
    [Object.create(null), '{}'],
  ])('%o', (value, text) => {
    expect(show(untyped(value))).toBe(text);
  });
});

test.each([
  [
    {},
    'Give it longer ("expires"), remind them ("remind"), or say with "onExpiry" what is to happen without a decision.',
  ],
  [{ isReminded: true }, 'Give it longer ("expires") or say with "onExpiry" what is to happen without a decision.'],
  [
    { isReminded: true, hasRule: true, isEscalated: true },
    'in time, also after it was escalated. Give it longer ("expires").',
  ],
])('an approval that has expired advises what is not done already: %o', (more, words) => {
  expect(new errors.ApprovalExpired({ approval: 'r/a/b#1', asked: [], ...more }).message).toContain(words);
});
