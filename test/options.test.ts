/**
 * The border of the box: every option that `createSignalbox` cannot take, and everything that
 * `start`, `runTask` and `on` refuse, each with a code, the value and the way out (S3, S4, I10).
 */
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import * as errors from '../src/errors/index.ts';
import { type BoxCounts, createSignalbox, orchestrator, type Signalbox, task, track } from '../src/index.ts';
import { untyped } from './dsl/fixtures.ts';

const Order = z.object({ id: z.string(), lines: z.array(z.object({ qty: z.number() })).default([]) });

const charge = task('charge', { input: Order, output: z.unknown() });
const ship = task('ship', { input: Order, output: z.unknown() });
const pack = task('pack', { input: Order, output: z.unknown(), run: ({ input }) => input.id });

const one = (name: string, work: { readonly is: 'task' }) =>
  orchestrator(name, { version: '1', input: Order }).track(
    'only',
    track('only', { input: Order }).step('work', untyped(work), ({ input }) => input),
    { input: ({ input }) => input },
  );
const order = one('order', pack);

const open: Signalbox[] = [];
afterEach(async () => {
  for (const box of open.splice(0)) await box.close();
});

/** A box with options of any type; it is closed after the test. */
async function boxOf(options: unknown): Promise<Signalbox<readonly [typeof order]>> {
  const box = await createSignalbox(untyped(options));
  open.push(box as Signalbox);
  return box as unknown as Signalbox<readonly [typeof order]>;
}

/** What it is refused with; to be resolved, or to be none of ours, is a failed test. */
async function refusal(attempt: Promise<unknown>): Promise<errors.SignalboxError> {
  const thrown = await attempt.then(
    () => 'It was not refused.',
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(errors.SignalboxError);
  return thrown as errors.SignalboxError;
}

/** `'fairness.by'` is an option in an option. */
const optionOf = (option: string, value: unknown): object =>
  option.split('.').reduceRight((made: unknown, name) => ({ [name]: made }), value) as object;

describe('an option that is refused:', () => {
  const count = 'a whole number from 1 on';

  test.each<[string, unknown, string, string]>([
    ['concurrency', 0, '0', count],
    ['concurrency', -1, '-1', count],
    ['concurrency', 1.5, '1.5', count],
    ['concurrency', 'x', '"x"', count],
    ['concurrency', '4', '"4"', count],
    ['concurrency', null, 'null', count],
    ['concurrency', Number.NaN, 'NaN', count],
    ['concurrency', Number.NEGATIVE_INFINITY, '-Infinity', count],
    ['fairness.by', 'tenant', '"tenant"', 'a function that gives a text for a run'],
    ['fairness.weight', 2, '2', 'a function that gives a number above 0 for a run'],
    ['maxValueBytes', 0, '0', count],
    ['maxValueBytes', 1.5, '1.5', count],
    ['maxValueBytes', '1MiB', '"1MiB"', count],
    ['idleRuns', -1, '-1', 'a whole number from 0 on'],
    ['lane', 'fast', '"fast"', `'table' or 'xstate'`],
    ['lane', null, 'null', `'table' or 'xstate'`],
    ['executor', {}, '{}', 'a function from bodies to an executor'],
  ])('%s: %j', async (option, value, shown, expected) => {
    const error = await refusal(boxOf(optionOf(option, value)));

    expect(error.code).toBe('option-invalid');
    expect(error.fields).toEqual({ option, value, expected });
    expect(error.message).toBe(`Option "${option}" cannot be ${shown}: it takes ${expected}.`);
  });

  test.each<[string, string, unknown]>([
    ['a store that is none', 'store', {}],
    ['a clock that is none', 'clock', {}],
    ['ids that are no function', 'ids', 'order-17'],
    ['a logger that is no function', 'logger', 'console'],
    ['orchestrators by name', 'orchestrators', { order }],
    ['a task among the orchestrators', 'orchestrators', [charge]],
    ['nothing among the orchestrators', 'orchestrators', [undefined]],
    ['tasks that are no object', 'tasks', 'charge'],
    ['limits of which one is none', 'concurrency', [64, { limit: 0 }]],
    ['a limit with an unknown key', 'concurrency', { limit: 1, keys: () => 'k' }],
    ['a limit whose key is no function', 'concurrency', { limit: 1, key: 'tenant' }],
    ['a strategy that there is not', 'concurrency', { limit: 1, whenFull: 'drop' }],
    ['fairness that is none', 'fairness', 'run'],
    ['a name that is misspelt', 'concurency', 4],
  ])('%s, by the option and not where it is first used', async (_, option, value) => {
    const error = await refusal(boxOf({ [option]: value }));

    expect(error.code).toBe('option-invalid');
    expect(error.message).toContain(`"${option}`);
  });

  test.each([
    { concurrency: Number.POSITIVE_INFINITY },
    { maxValueBytes: 1 },
    { idleRuns: 0 },
    { lease: '500ms' },
    { lane: 'xstate' },
    {},
  ])('not %j', async (options) => {
    await expect(boxOf(options)).resolves.toBeDefined();
  });
});

describe('bodies', () => {
  test('that are missing are told all at once, with who calls them (S3)', async () => {
    const orchestrators = [one('order', charge), one('refund', charge), one('delivery', ship)];
    const error = await refusal(boxOf({ orchestrators }));

    expect(error.code).toBe('task-missing');
    expect(error.fields).toEqual({
      tasks: [
        { task: 'charge', orchestrator: 'order' },
        { task: 'charge', orchestrator: 'refund' },
        { task: 'ship', orchestrator: 'delivery' },
      ],
    });
    expect(error.message).toBe(
      'No body was given for task "charge", which orchestrator "order" calls; "charge", which orchestrator "refund" calls; ' +
        '"ship", which orchestrator "delivery" calls. Add it to createSignalbox({ tasks: { charge, ship } }), or give the task a "run".',
    );
  });

  test('that nothing calls are told with the names that are called', async () => {
    const options = { orchestrators: [order, one('delivery', ship)], tasks: { shpi: () => null } };
    const error = await refusal(boxOf(options));

    expect(error.code).toBe('task-unknown');
    expect(error.fields).toEqual({ tasks: ['shpi'], known: ['pack', 'ship'], missing: ['ship'] });
    expect(error.message).toBe(
      'createSignalbox({ tasks }) has a body for "shpi", but no orchestrator calls a task of that name. Known tasks: pack, ship. Still without a body: ship.',
    );
  });

  test('that are no functions are refused', async () => {
    const error = await refusal(boxOf({ orchestrators: [order], tasks: { pack: 'pack.js' } }));

    expect(error.message).toBe('Option "tasks.pack" cannot be "pack.js": it takes a function.');
  });

  test('that every object inherits are not taken for given', async () => {
    const error = await refusal(
      boxOf({ orchestrators: [one('order', task(untyped('toString'), { input: Order, output: z.unknown() }))] }),
    );

    expect(error.code).toBe('task-missing');
  });

  test('given as undefined leave a task the body that it has', async () => {
    await expect(boxOf({ orchestrators: [order], tasks: { pack: undefined } })).resolves.toBeDefined();
  });

  test('may replace those that tasks have', async () => {
    const box = await boxOf({ orchestrators: [order], tasks: { pack: () => 'given' } });
    const run = await box.start(order, { input: { id: '17' } });

    expect(await run.result()).toEqual({ only: 'given' });
  });
});

describe('orchestrators', () => {
  test('of one name are refused: a box tells them apart by it', async () => {
    const error = await refusal(boxOf({ orchestrators: [order, one('order', pack)] }));

    expect(error).toBeInstanceOf(errors.DefinitionInvalid);
    expect((error as errors.DefinitionInvalid).faults).toMatchObject([{ code: 'duplicate-name', path: 'order' }]);
    expect(error.message).toContain('two orchestrators are called "order"');
  });

  test('with faults are refused with all of them (S3)', async () => {
    const body = track('only', { input: Order });
    const faulty = orchestrator('faulty', { version: '1', input: untyped(null), onFailure: untyped('ignore') })
      .track('a', body, untyped({ after: ['b', 'nobody'] }))
      .track('b', body, untyped({ after: ['a'], when: 'later' }));
    const error = (await refusal(boxOf({ orchestrators: [faulty] }))) as errors.DefinitionInvalid;

    expect(error.code).toBe('definition-invalid');
    expect(error.faults.map(({ code, path }) => `${code} ${path}`).sort()).toEqual([
      'bad-option faulty',
      'bad-schema faulty',
      'cycle faulty',
      'unknown-key faulty/b',
      'unknown-reference faulty/a',
    ]);
    for (const { path, message, code } of error.faults)
      expect(error.message).toContain(`\n  ${path}: ${message} [${code}]`);
    expect(error.message).toContain('a → b → a');
  });

  test('that the box was not given cannot be started', async () => {
    const box = await boxOf({ orchestrators: [order] });
    const error = await refusal(box.start(untyped(one('refund', pack)), { input: { id: '17' } }));

    expect(error.code).toBe('orchestrator-unknown');
    expect(error.message).toMatch(
      /^This box has no orchestrator "refund"\. Known orchestrators: .*order.* Add it to createSignalbox\(\{ orchestrators: \[\.\.\.\] \}\)\.$/,
    );
  });

  test('of a known name, but another definition, cannot be started either', async () => {
    const box = await boxOf({ orchestrators: [order] });
    const error = await refusal(box.start(untyped(one('order', pack)), { input: { id: '17' } }));

    expect(error.code).toBe('orchestrator-unknown');
    expect(box.counts.inMemory).toBe(0);
  });
});

describe('a start', () => {
  const start = async (options: unknown): Promise<unknown> =>
    (await boxOf({ orchestrators: [order] })).start(order, untyped(options));
  const input = { id: '17' };

  test.each<[string, unknown, string]>([
    ['an empty id', '', '""'],
    ['an id with a "/"', 'a/b', '"a/b"'],
    ['an id with a "#"', 'a#1', '"a#1"'],
    ['an id with a line break', 'a\nb', '"a\\nb"'],
    ['an id with a zero', 'a\0', '"a\\u0000"'],
    ['an id of 201 characters', 'x'.repeat(201), '"xxx'],
    ['an id that is a number', 17, '17'],
    ['an id that is null', null, 'null'],
  ])('with %s is refused', async (_, id, shown) => {
    const error = await refusal(start({ id, input }));

    expect(error.code).toBe('option-invalid');
    expect(error.fields).toMatchObject({ option: 'id', value: id });
    expect(error.message).toContain(`Option "id" cannot be ${shown}`);
    expect(error.message).toMatch(
      /: it takes a string of 1 to 200 characters( \(it has 201\))? without "\/", "#" and control characters\.$/,
    );
  });

  test.each(['x'.repeat(200), ' ', 'größe', 'order:17', '__proto__', '~17'])(
    'under the id %j is a start',
    async (id) => {
      await expect(start({ id, input })).resolves.toMatchObject({ id });
    },
  );

  test.each<[unknown, string]>([
    ['acme', '"acme"'],
    [null, 'null'],
    [17, '17'],
    [['acme'], '["acme"]'],
  ])('with metadata %j is refused (S6)', async (metadata, shown) => {
    const error = await refusal(start({ input, metadata }));

    expect(error.message).toBe(`Option "metadata" cannot be ${shown}: it takes an object.`);
  });

  test('with metadata that is not JSON is refused with the path (I10)', async () => {
    const error = await refusal(start({ input, metadata: { trace: { at: new Date(0) } } }));

    expect(error.code).toBe('value-not-json');
    expect(error.message).toContain('The metadata of the run is not JSON: "trace.at" is an instance of Date.');
  });

  test('with an input that its schema refuses is refused with the paths (S4)', async () => {
    const error = (await refusal(
      start({ input: { id: 17, lines: [{ qty: 1 }, { qty: 'two' }] } }),
    )) as errors.InputInvalid;

    expect(error.code).toBe('input-invalid');
    expect(error.issues.map(({ path }) => path)).toEqual(['id', 'lines[1].qty']);
    expect(error.message).toMatch(
      /^The input of orchestrator "order" does not fit its schema: id: .+; lines\[1\]\.qty: .+\.$/,
    );
  });

  test('with an input over maxValueBytes is refused with both sizes (S33)', async () => {
    const box = await boxOf({ orchestrators: [order], maxValueBytes: 40 });
    const error = await refusal(box.start(order, { input: { id: 'x'.repeat(40) } }));

    expect(error.code).toBe('value-too-large');
    expect(error.fields).toMatchObject({ what: 'input of orchestrator "order"', bytes: 60, maxBytes: 40 });
  });

  test('with a schema that throws is refused with what it threw (S4)', async () => {
    const throwing = Order.refine(() => {
      throw new Error('boom');
    });
    const faulty = orchestrator('faulty', { version: '1', input: throwing });
    const box = await boxOf({ orchestrators: [faulty] });
    const error = await refusal(box.start(untyped(faulty), { input }));

    expect(error.code).toBe('schema-failed');
    expect(error.message).toMatch(/^The schema of the input of orchestrator "faulty" could not be applied: .*boom/);
  });

  test('that is refused leaves nothing behind', async () => {
    const box = await boxOf({ orchestrators: [order] });
    await refusal(box.start(order, { id: 'order-17', input: untyped({ id: 17 }) }));

    expect(box.counts).toMatchObject({ turns: 0, commits: 0, inMemory: 0 } satisfies Partial<BoxCounts>);
    expect((await refusal(box.run('order-17').status())).code).toBe('run-unknown');
  });

  test('under an id that has another input, or another orchestrator, is a conflict (S17)', async () => {
    const refund = one('refund', pack);
    const box = await boxOf({ orchestrators: [order, refund] });
    await box.start(order, { id: 'order-17', input });
    const otherInput = await refusal(box.start(order, { id: 'order-17', input: { id: '18' } }));
    const otherKind = await refusal(box.start(untyped(refund), { id: 'order-17', input }));

    expect([otherInput.code, otherInput.fields]).toEqual(['run-exists', { run: 'order-17', differs: 'input' }]);
    expect([otherKind.code, otherKind.fields]).toEqual(['run-exists', { run: 'order-17', differs: 'orchestrator' }]);
  });

  test('on a box that was closed is refused', async () => {
    const box = await boxOf({ orchestrators: [order] });
    await box.close();

    expect((await refusal(box.start(order, { input }))).code).toBe('box-closed');
    expect((await refusal(box.run('order-17').status())).code).toBe('box-closed');
  });
});

test('a task without a body cannot be run by itself', async () => {
  const error = await refusal((await boxOf({})).runTask(charge, { id: '17' }));

  expect(error.code).toBe('task-missing');
  expect(error.message).toContain('No body was given for task "charge"');
});

test('a listener for a type that is none is refused with the types that there are', async () => {
  const box = await boxOf({});
  const listen = () => box.on(untyped('step.done'), () => {});

  expect(listen).toThrow(errors.InvalidOption);
  expect(listen).toThrow(
    /Option "on" cannot be "step\.done": it takes '\*' or one of run\.started, .+user\.emitted\.$/,
  );
});
