/** Abandoning a run (S18): it ends by its rows alone, whatever it does, and whoever waits for it or works for it here is told. */
import { createSignalbox, memory, orchestrator, type ReadEvent, type Store, track } from 'signalbox';
import { LeaseLost } from 'signalbox/errors';
import { describe, expect, test } from 'vitest';
import {
  Anything,
  eventsOf,
  graphOf,
  historyOf,
  rejection,
  settled,
  soon,
  stage,
  statusesOf,
} from '../helpers/stage.ts';
import { held, later, wrapped } from '../helpers/stores.ts';

const flow = graphOf({ a: [], b: ['a'] });
const asks = orchestrator('asks', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything }).wait('asked', { signal: 'go', payload: Anything, timeout: '1h' }),
);
const reason = 'nobody needs it';

async function begun(store: Store = memory(), what: typeof flow = flow) {
  const { desk, clock, lines, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [what], ...options, store }));
  const heard: ReadEvent[] = [];
  box.on('*', (event) => void heard.push(event));
  const run = await box.start(what, { id: 'r', key: 'k', input: 'first' });
  return { desk, clock, lines, box, run, heard, [Symbol.asyncDispose]: () => box.close() };
}

describe.each([
  ['that answers at once', () => memory()],
  ['that answers later', () => later()],
])('in a store %s', (_, make) => {
  test('a run at work is over at once: its body is aborted, and what it answers changes nothing (S18, I5)', async () => {
    await using at = await begun(make());
    const { desk, box, run } = at;
    const [result, outcome] = [rejection(run.result()), run.outcome()];
    await settled(box);
    const following = eventsOf({ history: () => run.events(), snapshot: () => run.snapshot() });

    expect(await run.abandon({ reason })).toBe(true);

    expect(desk.job('a/work#1').signal().aborted).toBe(true);
    expect(await soon(result)).toMatchObject({ code: 'run-cancelled', fields: { run: 'r', reason } });
    expect(await soon(outcome)).toMatchObject({ status: 'cancelled', output: null, error: null, failures: [] });
    const end = { type: 'run.cancelled', path: '', reason, abandoned: true };
    expect((await soon(following)).at(-1)).toMatchObject(end);
    desk.give('a/work#1', 'late');
    await settled(box);
    expect(await historyOf(run)).toEqual(['run.started', 'track.started a', 'step.started a/work', 'run.cancelled']);
    expect(await statusesOf(run)).toEqual({ a: 'cancelled', 'a/work': 'cancelled' });
    // Each event once, in order, and the end with them.
    expect(at.heard.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(at.heard.at(-1)).toMatchObject(end);
    expect(box.counts).toMatchObject({ inMemory: 0, timers: 0 });
    expect(await run.abandon({ reason: 'again' })).toBe(false);
    expect((await run.snapshot()).status).toBe('cancelled');

    expect(await run.delete()).toBe(true);
    const anew = await box.start(flow, { id: 'r', key: 'k', input: 'second' });
    desk.give('a/work#1', 'a');
    await settled(box);
    desk.give('b/work#1', 'b');
    expect(await anew.result()).toEqual({ a: 'a', b: 'b' });
  });

  test('a run that waits is over, its timer is gone, and a signal is refused as one to any run that has ended (S18)', async () => {
    await using at = await begun(make(), asks as never);
    await settled(at.box);
    await at.run.abandon({ reason });
    expect(at.box.counts.timers).toBe(0);
    expect(await at.run.signal('go')).toMatchObject({ answer: 'refused', reason: 'run-ended' });
    await at.run.cancel();
    await at.clock.advance('2h');
    expect(await historyOf(at.run)).toEqual([
      'run.started',
      'track.started t',
      'step.waiting t/asked',
      'run.cancelled',
    ]);
    expect(at.lines.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  test('one whose definition is gone, and one whose definition has changed, are named in an error that says how, and end by that (S18)', async () => {
    const store = make();
    for (const orchestrators of [[], [graphOf({ a: [], c: ['a'] })]]) {
      const before = await begun(store);
      await before.box.close();
      const { options, lines } = stage();
      await using box = await createSignalbox({ orchestrators, ...options, store });
      await box.recovered;
      const line = "await box.run('r').abandon({ reason: '…' })";
      expect(lines.map(({ message }) => message)).toEqual([expect.stringContaining(line)]);
      expect(String(await rejection(box.run('r').cancel()))).toContain(line);
      expect(String(await rejection(box.run('r').delete()))).toContain(line);
      expect(box.counts.refused).toBe(1);
      const result = rejection(box.run('r').result());

      expect(await box.run('r').abandon({ reason })).toBe(true);

      expect(await soon(result)).toMatchObject({ code: 'run-cancelled' });
      expect(box.counts.refused).toBe(0);
      await box.run('r').cancel();
      expect(await box.run('r').signal('go')).toMatchObject({ reason: 'run-ended' });
      expect(await box.run('r').delete()).toBe(true);
    }
  });
});

test.each([
  ['lands before it', true],
  ['comes too late', false],
])(
  'a turn whose commit %s is in the history or is not, and whoever waits for it is answered (S18, I3)',
  async (_, first) => {
    const { store, waiting } = held();
    const next = async () => {
      while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
      (waiting.shift() as () => void)();
    };
    const { desk, clock, lines, options } = stage();
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store }));
    const start = box.start(flow, { id: 'r', input: 1 });
    await next();
    const run = await start;
    await new Promise((resolve) => setImmediate(resolve));
    desk.give('a/work#1', 1);
    const cancel = run.cancel({ reason: 'mine' });
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
    if (first) await next();
    const abandoned = run.abandon({ reason });
    // What was under way is refused by the store; nothing else is committed.
    await new Promise((resolve) => setImmediate(resolve));
    if (!first) await next();
    while (waiting.length > 0) await next();
    await soon(cancel);
    await soon(abandoned);
    expect(await rejection(soon(run.result()))).toMatchObject({ code: 'run-cancelled' });
    const history = await historyOf(run);
    expect(history.filter((each) => each === 'run.cancelled')).toHaveLength(1);
    expect(history.includes('step.completed a/work')).toBe(first);
    // That it was refused is as it should be, and no mishap of the store.
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(box.counts).toMatchObject({ inMemory: 0, timers: 0 });
  },
);

test('a run that begins anew under the id of one that was abandoned may lose its lease as any other: the log has an error', async () => {
  const inner = memory();
  let losing = false;
  const lost = new LeaseLost({ run: 'r', owner: 'somebody', fence: 2 });
  await using at = await begun(
    wrapped(
      {
        commit(changes) {
          if (!losing) return inner.commit(changes);
          losing = false;
          throw lost;
        },
      },
      inner,
    ),
  );
  const { box, desk, lines, run } = at;
  await settled(box);
  await run.abandon({ reason });
  await run.delete();
  await box.start(flow, { id: 'r', input: 'second' });
  await settled(box);
  const before = lines.filter(({ level }) => level === 'error').length;
  losing = true;
  desk.give('a/work#1', 1);
  await settled(box);
  const errors = lines.filter(({ level }) => level === 'error').slice(before);
  expect(errors.map(({ error }) => (error as Error).cause)).toEqual([lost]);
});

test('a reason that is none, and a run that is not there, are refused (S18, I10)', async () => {
  await using at = await begun();
  for (const bad of [undefined, {}, { reason: '' }, { reason: 1 }, { reason: 'x'.repeat(1_001) }])
    expect(await rejection(at.run.abandon(bad as never))).toMatchObject({
      code: 'option-invalid',
      fields: { option: 'reason' },
    });
  expect(await rejection(at.box.run('other').abandon({ reason }))).toMatchObject({ code: 'run-unknown' });
  expect(await at.run.status()).toBe('running');
  await at.box.close();
  expect(await rejection(at.run.abandon({ reason }))).toMatchObject({ code: 'box-closed' });
});

test('its child runs are left as they are: the log names them, and one that is paused says why nobody resumes it (S15, S18)', async () => {
  const child = orchestrator('child', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).wait('go', { signal: 'go' }).wait('on', { signal: 'on' }),
  );
  const parent = orchestrator('parent', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).run('child', child),
  );
  const at = await begun(memory(), parent as never);
  await using _ = at;
  const { box, run, lines } = at;
  await settled(box);
  const [{ run: id }] = (await box.runs({ parent: 'r' })).runs as unknown as [{ run: string }];
  await run.pause();
  await expect.poll(() => box.run(id).status()).toBe('paused');
  expect((await box.run(id).explain()).says).not.toContain('parent');

  await run.abandon({ reason });

  const told = lines.filter(({ level, message }) => level === 'warn' && message.includes(id));
  expect(told.map(({ message }) => message)).toEqual([expect.stringContaining(`left as they are: "${id}" (paused)`)]);
  expect((await box.run(id).explain()).says).toContain('its parent, run "r", has ended (cancelled)');
  await box.run(id).resume();
  expect(await box.run(id).status()).toBe('waiting');
});

test('a child run that the next process is just looking for when its parent is abandoned is left as it is (S18)', async () => {
  const parent = orchestrator('parent', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).run('kid', flow),
  );
  const store = memory();
  const before = stage();
  const first = before.clock.follow(await createSignalbox({ orchestrators: [parent, flow], ...before.options, store }));
  await first.start(parent, { id: 'p', input: null });
  await settled(first);
  const kid = (await first.runs({ parent: 'p' })).runs[0]?.run ?? '';
  await first.close();
  const { promise: looked, resolve: look } = Promise.withResolvers<void>();
  const slow: Store = {
    ...store,
    readRun: (run) => (run === kid ? looked.then(() => store.readRun(run)) : store.readRun(run)),
  };
  const { desk, clock, options } = stage();
  await using box = clock.follow(await createSignalbox({ orchestrators: [parent, flow], ...options, store: slow }));
  await box.recovered;
  await settled();

  expect(await box.run('p').abandon({ reason })).toBe(true);
  look();
  await settled(box);

  expect(await box.run(kid).status()).toBe('running');
  desk.give('a/work#1');
  await settled(box);
  desk.give('b/work#1');
  expect(await soon(box.run(kid).outcome())).toMatchObject({ status: 'completed' });
});

test('who hears that a run was abandoned finds its bodies told to end, also if the store takes its time (S18)', async () => {
  const { desk, clock, options } = stage();
  const inner = memory();
  const readOpen: Store['readOpen'] = async (run) => {
    for (let round = 0; round < 20; round += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    return inner.readOpen(run);
  };
  const store = { ...inner, readOpen };
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store }));
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  const open: (readonly string[])[] = [desk.open];
  box.on('run.cancelled', () => void open.push(desk.open));
  await run.abandon({ reason });
  expect(open).toEqual([['a/work#1'], []]);
});
