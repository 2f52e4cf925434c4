/** What strangers hand over to `box.import`: refused with a code and a reason, or kept whole; never half, and never to the harm of the box. */
import fc from 'fast-check';
import { createSignalbox, memory, orchestrator, type RunExport, type Store, task, track } from 'signalbox';
import { ERROR_CODES } from 'signalbox/errors';
import { describe, expect, test } from 'vitest';
import { Anything, never, rejection, settled, stage } from '../helpers/stage.ts';
import { later, wrapped } from '../helpers/stores.ts';
import { head } from '../helpers/waits.ts';

const work = task('work', {
  input: Anything,
  output: Anything,
  retry: { maxAttempts: 3, delay: '10s', backoff: 'fixed' },
  run: never,
});
const child = orchestrator('child', head).track('c', track('c', { input: Anything }).wait('w', { signal: 'x' }));
const flow = orchestrator('flow', head)
  .track(
    'a',
    track('a', { input: Anything }).wait('early', { signal: 'go' }).step('one', work).wait('late', { signal: 'go' }),
  )
  .track('b', track('b', { input: Anything }).approval('asked', { ask: 'Well?', propose: () => ({ n: 1 }) }));
const family = orchestrator('family', head).track('f', track('f', { input: Anything }).run('kid', child));

async function opened(options: object = {}, store: Store = memory()) {
  const { desk, clock, lines, options: basics } = stage();
  const given = { orchestrators: [flow, family, child], ...basics, ...options, store };
  const box = clock.follow(await createSignalbox(given as never)) as never as Awaited<
    ReturnType<typeof createSignalbox<[typeof flow, typeof family]>>
  >;
  return { box, desk, clock, store, lines };
}

/** A run with a body that has failed once, signals taken and kept, an approval that was claimed, and a track that has ended. */
async function exported(): Promise<RunExport> {
  const { box, desk, clock } = await opened();
  const run = await box.start(flow, { id: 'r', key: 'k', input: { n: 1 }, metadata: { tenant: 'a' } });
  await run.signal('go', 1, { id: 'one' });
  await run.signal('go', 2, { id: 'two' });
  await settled(box);
  desk.fail('a/one#1');
  await clock.advance('1s');
  await box.decide('r/b/asked#1', { decision: 'claim', by: 'mia' });
  const made = await run.export();
  await box.close();
  return JSON.parse(JSON.stringify(made)) as RunExport;
}
const good = await exported();

// biome-ignore lint/suspicious/noExplicitAny: broken on purpose
type Broken = { [key: string]: any };
const broken = (change: (copy: Broken) => void): Broken => {
  const copy = structuredClone(good) as Broken;
  change(copy);
  return copy;
};

/** With another value at a place. */
const put = (path: string, value: unknown): Broken =>
  broken((copy) => {
    const keys = path.split('.');
    const at = keys.slice(0, -1).reduce((inner, key) => inner[key], copy);
    at[keys.at(-1) as string] = value;
  });

describe('box.import refuses', () => {
  test.each<[what: string, given: unknown, at: string, why: RegExp]>([
    ['a text', 'r', '', /not what run\.export\(\) answers/],
    ['nothing at all', null, '', /not what run\.export\(\) answers/],
    ['another format', put('format', 2), 'format', /later version/],
    ['what was blanked', put('redacted', true), 'redacted', /without "redact"/],
    ['what an earlier version has exported', put('forImport', undefined), 'forImport', /earlier version/],
    ['what is of several moments', put('forImport', null), 'forImport', /pause it before/],
    ['a later version', put('forImport.version', 2), 'forImport.version', /Update signalbox/],
    ['an id that is none', put('run.run', 'a/b'), 'run.run', /control characters/],
    ['a run that has not begun', put('run.status', 'pending'), 'run.status', /not begun/],
    ['a run that has started itself', put('run.parent', { run: 'r', path: 'a' }), 'run.parent', /itself/],
    ['a gap in the events', broken((copy) => copy.events.splice(2, 1)), 'events[2].seq', /without a gap/],
    ['an event of another run', put('events.1.run', 'x'), 'events[1].run', /another run/],
    ['an event that there is not', put('events.1.type', 'step.sung'), 'events[1]', /no event type/],
    ['a history without its beginning', put('events', []), 'events', /start of the run is missing/],
    [
      'a run that has ended without an end',
      broken((copy) => Object.assign(copy.run, { status: 'completed', endedAt: 1 })),
      'events',
      /do not end/,
    ],
    ['a step twice', broken((copy) => copy.steps.push(copy.steps[1])), 'steps[6].path', /twice/],
    ['a step without its track', broken((copy) => copy.steps.splice(1, 1)), 'steps[2].parent', /stands in nothing/],
    ['a step of another kind', put('steps.5.kind', 'sleep'), 'steps[5].kind', /has a task at "a\/one"/],
    [
      'a step that the definition does not know',
      put('steps.5.path', 'a/other'),
      'steps[5].path',
      /no place "a\/other"/,
    ],
    [
      'a state that its kind never has',
      put('steps.2.state', 'retrying'),
      'steps[2].state',
      /no track is ever "retrying"/,
    ],
    ['an end after the last event', put('steps.3.endedSeq', 99), 'steps[3].endedSeq', /event 99/],
    ['an end before the first event', put('steps.3.endedSeq', 0), 'steps[3].endedSeq', /event 0/],
    ['an end of what has not ended', put('steps.5.endedSeq', 1), 'steps[5].endedSeq', /event 1/],
    ['an end without a time', put('steps.3.endedAt', null), 'steps[3].endedAt', /does not go with "completed"/],
    ['the time of an end that was none', put('steps.5.endedAt', 1), 'steps[5].endedAt', /does not go with/],
    ['an attempt of no step', put('attempts.0.path', 'a/x'), 'attempts[0]', /no step/],
    ['a signal twice', broken((copy) => copy.signals.push(copy.signals[0])), 'signals', /twice/],
    [
      'a record of no type',
      put('forImport.records.0.type', 'x'),
      'forImport.records[0].type',
      /no records of type "x"/,
    ],
    ['an approval without its record', put('forImport.records', []), 'forImport.records', /has no record/],
    [
      'an approval that its step knows otherwise',
      put('forImport.records.0.body.digest', 'x'),
      'forImport.records[0]',
      /remembers something else/,
    ],
    [
      'a body that readers would trip over',
      put('forImport.records.0.body.users', 7),
      'forImport.records[0].body',
      /belongs there/,
    ],
    ['a time that is no date', put('steps.5.due', 1e20), 'steps[5].due', /a time in milliseconds/],
  ])('%s, and keeps nothing (P228, I10)', async (_, given, at, why) => {
    const { box, store } = await opened();
    const error = await rejection<Error & { code: string; fields: { at: string } }>(box.import(given));
    expect([error.code, error.fields.at]).toEqual(['import-refused', at]);
    expect(error.message).toMatch(why);
    expect(await store.readRuns({ limit: 10 })).toEqual({ runs: [], cursor: null });
    await box.close();
  });

  test.each([
    [
      'an orchestrator that is not here',
      broken((copy) => [copy.run, copy.events[0]].map((each) => Object.assign(each, { orchestrator: 'x' }))),
      'definition-missing',
    ],
    ['another hash than the definition has', put('run.hash', 'x'), 'definition-changed'],
    ['what is not JSON', { ...good, run: { ...good.run, input: () => 1 } }, 'value-not-json'],
    ['a value that is larger than this box takes', put('run.input', 'x'.repeat(2e6)), 'value-too-large'],
  ])('%s with a code of its own (P228, S33)', async (_, given, code) => {
    const { box, store } = await opened();
    await expect(box.import(given)).rejects.toMatchObject({ code });
    expect((await store.readRuns({ limit: 10 })).runs).toEqual([]);
    await box.close();
  });

  test('an export of a box that blanks secrets, which says so (S34)', async () => {
    const { box } = await opened({ redact: ['input.n'] });
    const run = await box.start(flow, { id: 'r', input: { n: 1 } });
    await expect(box.import(await run.export())).rejects.toMatchObject({ code: 'import-refused', message: /blanked/ });
    await box.close();
  });

  test('a run whose id or key another one has (S17)', async () => {
    const { box } = await opened();
    await box.start(flow, { id: 'r', input: { n: 2 } });
    await expect(box.import(good)).rejects.toMatchObject({ code: 'import-refused', message: /another key/ });
    const other = await opened();
    await other.box.start(flow, { id: 'q', key: 'k', input: 1 });
    await expect(other.box.import(good)).rejects.toMatchObject({ message: /run "q" was started under this key/ });
    await box.close();
    await other.box.close();
  });

  test('an earlier or another course of a run that is there, and takes one that is behind it for the same (P228)', async () => {
    const { box, clock } = await opened();
    const run = await box.import(good);
    await clock.advance('10s');
    const later = await run.export();
    expect((await box.import(good)).id).toBe('r');
    expect(await run.export()).toEqual(later);

    const behind = await opened();
    await behind.box.import(good);
    await expect(behind.box.import(later)).rejects.toMatchObject({
      message: /stands at event \d+, before what was exported/,
    });
    const otherwise = structuredClone(good) as Broken;
    otherwise.events.at(-1).at += 1;
    await expect(behind.box.import(otherwise)).rejects.toMatchObject({ message: /another way/ });
    await box.close();
    await behind.box.close();
  });

  test('a run without the child runs that it waits for, and takes all of them together or none (P228)', async () => {
    const first = await opened();
    const run = await first.box.start(family, { id: 'f', input: 1 });
    await settled(first.box);
    const parent = await run.export();
    const [kid] = parent.forImport?.needs ?? [];
    const below = await first.box.run(kid as string).export();
    await first.box.close();

    const { box, store } = await opened();
    const why = new RegExp(`waits for "${kid}", which this store does not have`);
    await expect(box.import(parent)).rejects.toMatchObject({ code: 'import-refused', message: why });
    await expect(box.import([parent, { ...below, format: 7 }])).rejects.toMatchObject({ code: 'import-refused' });
    expect((await store.readRuns({ limit: 10 })).runs).toEqual([]);
    const again = await box.import([parent, below]);
    await box.run(kid as string).signal('x', 1);
    expect(await again.outcome()).toMatchObject({ status: 'completed' });
    await box.close();
  });

  test('families in which a run stands below itself (P228)', async () => {
    const as = (run: string, parent: string) =>
      JSON.parse(
        JSON.stringify({
          ...good,
          run: { ...good.run, key: null, parent: { run: parent, path: 'x' } },
          steps: good.steps,
        })
          .replaceAll('"r"', `"${run}"`)
          .replaceAll('"r/', `"${run}/`),
      ) as Broken;
    const { box } = await opened();
    await expect(box.import([as('p', 'q'), as('q', 'p')])).rejects.toMatchObject({
      code: 'import-refused',
      message: /below itself/,
    });
    await box.close();
  });
});

test('what the store does not take is told, is not half there, and can be imported again (I3, P228)', async () => {
  const inner = memory();
  let away = true;
  const commit: Store['commit'] = (changes) => {
    if (away) throw new Error('the disk is full');
    return inner.commit(changes);
  };
  const { box } = await opened({}, wrapped({ commit }, inner));
  await expect(box.import(good)).rejects.toThrow('the disk is full');
  expect(await inner.readRun('r')).toBe(null);
  away = false;
  expect((await box.import(good)).id).toBe('r');
  await box.close();
});

test('a commit that landed although nobody heard so is gone on with (I3, I7, P228)', async () => {
  const inner = memory();
  let unheard = true;
  const commit: Store['commit'] = (changes) => {
    void inner.commit(changes);
    if (unheard) throw new Error('no answer');
  };
  const { box, clock, desk } = await opened({}, wrapped({ commit }, inner));
  await expect(box.import(good)).rejects.toThrow('no answer');
  unheard = false;
  await settled(box);
  await clock.advance('11s');
  expect(desk.begun).toEqual(['a/one#2']);
  expect((await box.import(good)).id).toBe('r');
  expect(desk.begun).toEqual(['a/one#2']);
  await box.close();
});

test.each([0, 1, 2, 3, 4, 5, 6])(
  'many who import one run at once have one run, and one who starts another under its id after %i turns is told (S17, P228)',
  async (turns) => {
    const { box, clock, desk } = await opened({}, later());
    const start = async () => {
      for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((go) => void setImmediate(go));
      return box.start(flow, { id: 'r', key: 'k', input: { n: 2 }, metadata: { tenant: 'a' } });
    };
    const all = await Promise.allSettled([start(), box.import(good), box.import(good), box.import(good)]);
    const [started, ...imported] = all.map(({ status }) => status === 'fulfilled');
    expect(imported).toEqual([!started, !started, !started]);
    for (const each of all)
      if (each.status === 'rejected') expect(['import-refused', 'run-exists']).toContain(each.reason.code);
    await settled(box);
    await clock.advance('10s');
    expect(desk.begun.length).toBe(new Set(desk.begun).size);
    expect((await box.runs()).runs).toHaveLength(1);
    await box.close();
  },
);

/** Every place in a JSON value, as the keys that lead there. */
function placesIn(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [path, ...keys.flatMap((key) => placesIn((value as Broken)[key], [...path, key]))];
}
const places = placesIn(good).filter(({ length }) => length > 0);

const odd = fc.oneof(
  fc.constantFrom(
    null,
    '',
    0,
    -1,
    1.5,
    1e300,
    true,
    [],
    {},
    'a/one',
    'completed',
    'running',
    'r',
    '\0',
    '\ud800',
    '__proto__',
  ),
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(...places).map((path) => path.reduce((at, key) => at[key], good as Broken)),
);
const change = fc.tuple(fc.constantFrom(...places), fc.constantFrom('put', 'drop', 'twice', 'swap'), odd);

function changed(changes: readonly (typeof change extends fc.Arbitrary<infer T> ? T : never)[]): Broken {
  const copy = structuredClone(good) as Broken;
  for (const [path, how, value] of changes) {
    let at: Broken = copy;
    for (const key of path.slice(0, -1)) at = at?.[key];
    if (typeof at !== 'object' || at === null) continue;
    const key = path.at(-1) as string | number;
    if (how === 'put') at[key] = structuredClone(value);
    else if (how === 'drop') Array.isArray(at) ? at.splice(Number(key), 1) : delete at[key];
    else if (how === 'twice' && Array.isArray(at)) at.splice(Number(key), 0, structuredClone(at[Number(key)]));
    else if (how === 'swap' && Array.isArray(at)) at.reverse();
  }
  return copy;
}

test('whatever is changed in an export: it is refused with a code, or kept whole, and the box lives on (P228, I10)', async () => {
  let [kept, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const given = changed(changes);
      const { box, store, clock } = await opened();
      const answer = await box.import(given).catch((error: Error & { code?: string }) => error);
      if (answer instanceof Error) {
        refused += 1;
        expect(ERROR_CODES).toContain((answer as { code?: string }).code);
        expect((await store.readRuns({ limit: 10 })).runs).toEqual([]);
      } else {
        kept += 1;
        const { run } = given;
        expect((await store.readEvents(run.run, { after: 0, limit: 1_000 })).slice(0, given.events.length)).toEqual(
          given.events,
        );
        expect((await store.readActors(run.run)).length).toBeGreaterThanOrEqual(given.steps.length);
        for (const { type, id, body } of given.forImport.records)
          expect((await store.readRecord(run.run, type, id))?.body).toEqual(body);
        await clock.advance('11s');
        const handle = box.run(run.run);
        await handle.snapshot();
        await handle.explain();
        await box.approvals();
        await box.approval('r/b/asked#1');
        await handle.export();
      }
      // Whatever came in, others go on.
      await box.start(family, { id: 'other', input: 1 });
      await box.close();
    }),
    { numRuns: 400 },
  );
  expect([kept > 0, refused > 0]).toEqual([true, true]);
});
