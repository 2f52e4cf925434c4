/**
 * What a process says to a place that it shares while it cannot be sure that its runs are still its own is what `leases.txt` says, call
 * by call: before it begins anything it asks, once for each run, and what it hears may be that the run is another's, has ended, was
 * deleted, or has come back. A change there is read before it is taken over (`npx vitest run test/simulated/leases.test.ts -u`).
 */
import { type AnyOrchestrator, orchestrator, track } from 'signalbox';
import { expect, test } from 'vitest';
import {
  type Act,
  away,
  begin,
  body,
  first,
  flows,
  head,
  input,
  long,
  type Opened,
  pagesOf,
  type Scene,
  waits,
} from './scene.ts';

/** Waits twice, with a step behind each. */
const turns = () =>
  track('t', input)
    .wait('w', { signal: 'go' })
    .step('s', body('first'))
    .wait('v', { signal: 'go' })
    .step('r', body('second'));
const twice = orchestrator('twice', head).track('t', turns());
/** Is at something else beside that. */
const busy = orchestrator('busy', head)
  .track('t', turns())
  .track('u', track('u', input).step('s', body('works', { run: () => new Promise(() => {}), cleanup: () => {} })));
/** Of these only one is worked at in a process at a time. */
const single = orchestrator('single', head).track(
  't',
  track('t', input).step(
    's',
    body('one at a time', { concurrency: 1, run: () => new Promise(() => {}), cleanup: () => {} }),
  ),
);
const all = [...flows, twice, busy, single] as readonly AnyOrchestrator[];

const signal = ({ box }: Opened, run: string, id: string) =>
  box.run(run).signal('go' as never, 1 as never, { id } as never);

/** What comes next is committed by `a` without a lease that it is sure of; whose the run is is asked so late that others can act first. */
async function unsure(
  at: Scene,
  a: Opened,
  flow: AnyOrchestrator,
  meanwhile: () => Promise<void>,
  hears = false,
): Promise<void> {
  await begin(at, a, flow, 'r');
  at.note('-- a: its clock is set back, no sign of life arrives, and whose the run is is asked 14 s late');
  a.wrong = -60_000;
  if (!hears) at.world.weather = { ...at.world.weather, missed: 1 };
  let asked = 0;
  a.trouble = (what) => {
    if (what === 'renew') return { lost: away };
    if (what !== 'readOpen') return;
    asked += 1;
    return asked === 1 ? { ms: 14_000 } : undefined;
  };
  await at.say('a signals', signal(a, 'r', 'once'));
  await at.later(9_000);
  await meanwhile();
  at.note('-- a: as it was');
  a.wrong = 0;
  await at.later(8_000);
  a.trouble = () => undefined;
  await at.later(6_000);
  at.note(`-- ${a.box.counts.inMemory} in memory of a`);
}

/** It says nothing for longer than its lease, and goes on. */
async function late(at: Scene, a: Opened): Promise<void> {
  a.stop();
  await at.later(12_000);
  a.goOn();
  await at.later(1_000);
}

const SCENES: { readonly [title: string]: Act } = {
  'a run that does nothing is not asked about: its next commit says whose it is': async (at) => {
    const a = await at.open(all);
    await begin(at, a, twice, 'r');
    await late(at, a);
    await at.say('a signals', signal(a, 'r', 'one'));
    await at.say('a signals again', signal(a, 'r', 'two'));
  },
  'a run that does something is asked about as soon as the process is late, and not again': async (at) => {
    const a = await at.open(all);
    await begin(at, a, busy, 'r');
    await late(at, a);
    await at.say('a signals', signal(a, 'r', 'one'));
    await at.say('a signals again', signal(a, 'r', 'two'));
    at.note('-- late again');
    await late(at, a);
  },
  'it was nobody else’s in between': async (at) => {
    const a = await at.open(all);
    await unsure(at, a, busy, async () => {});
    await at.say('a signals again', signal(a, 'r', 'two'));
  },
  'another one has it by now': async (at) => {
    const [a, b] = [await at.open(all), await at.open(all)];
    await unsure(at, a, busy, async () => {});
    await at.say('b signals', signal(b, 'r', 'two'));
  },
  'another one has ended it': async (at) => {
    const [a, b] = [await at.open(all), await at.open(all)];
    await unsure(at, a, busy, () => at.say('b cancels', b.box.run('r').cancel()));
  },
  'another one has ended and deleted it': async (at) => {
    const [a, b] = [await at.open(all), await at.open(all)];
    await unsure(at, a, busy, async () => {
      await at.say('b abandons', b.box.run('r').abandon({ reason: 'no' }));
      await at.say('b deletes', b.box.run('r').delete());
    });
  },
  'another one had it, and has let go of it, which is not heard': async (at) => {
    const [a, b] = [await at.open(all), await at.open(all)];
    await unsure(at, a, busy, () => at.say('b is closed', b.box.close()));
    await at.say('a signals again', signal(a, 'r', 'two'));
  },
  'another one had it, and it has come back': async (at) => {
    const [a, b] = [await at.open(all), await at.open(all)];
    await unsure(at, a, busy, () => at.say('b is closed', b.box.close()), true);
    await at.say('a signals again', signal(a, 'r', 'two'));
  },
  'it has come back, and was not read yet': async (at) => {
    const [a, b] = [await at.open(all), await at.open(all)];
    await unsure(at, a, busy, async () => {
      const before = a.trouble;
      a.trouble = (what, args) => (what === 'readOpen' ? { ms: 6_000 } : before(what, args));
      at.world.weather = { ...at.world.weather, missed: 0 };
      await at.say('b is closed', b.box.close());
    });
    await at.say('a signals again', signal(a, 'r', 'two'));
  },
  'one stands in line, and its turn comes when the process was late': async (at) => {
    const a = await at.open(all);
    for (const id of ['p', 'q']) await begin(at, a, single, id);
    await late(at, a);
    await at.say('a cancels the first', a.box.run('p').cancel());
    await at.later(500);
    await begin(at, a, single, 'r');
    at.note('-- late again, and whose its runs are is not answered');
    first(at, a, 'readOpen', 2, { lost: away });
    await late(at, a);
    await at.say('a cancels the second', a.box.run('q').cancel());
    await at.later(500);
  },
  'runs come back to the one that had them, changed, ended, and as they were': async (at) => {
    const [a, b] = [await at.open(all), await at.open(all)];
    for (const id of ['p', 'q', 'r']) await begin(at, a, twice, id);
    for (const id of ['x', 'y']) await begin(at, a, long, id);
    at.note('-- a is stopped');
    a.stop();
    await at.later(13_000);
    await at.say('b signals p', signal(b, 'p', 'one'));
    await at.say('b cancels q', b.box.run('q').cancel());
    await at.say('b cancels x', b.box.run('x').cancel());
    await at.say('b is closed', b.box.close());
    at.note('-- a goes on');
    a.goOn();
    await at.later(4_000);
    for (const id of ['p', 'q', 'r']) await at.say(`a signals ${id}`, signal(a, id, 'two'));
    await at.say('a cancels y', a.box.run('y').cancel());
    await at.say('a cancels x', a.box.run('x').cancel());
  },
  'one is asked for things, and its runs are another’s when it takes them': async (at) => {
    const [a, b] = [await at.open(all, { idleRuns: 0 }), await at.open([long] as readonly AnyOrchestrator[])];
    await begin(at, a, busy, 'p');
    await begin(at, a, twice, 'r');
    const c = await at.open(all);
    at.note('-- a: no sign of life arrives, its commits and its reading of r come 16 s late');
    a.trouble = (what, [run]) => {
      if (what === 'renew') return { lost: away };
      return what === 'commit' || (what === 'readOpen' && run === 'r') ? { ms: 16_000 } : undefined;
    };
    const asked = Promise.all(['p', 'r'].map((run) => signal(b, run, 'one')));
    await at.say('what b is told', asked, 20_000);
    await at.later(14_000);
    at.note(`-- ${a.box.counts.inMemory} in memory of a, ${c.box.counts.inMemory} of c`);
  },
  'somebody asks for a run that was just let go of by another': async (at) => {
    const [a, b] = [await at.open(all), await at.open(all)];
    for (const id of ['p', 'q']) await begin(at, a, waits, id);
    const closed = a.box.close();
    const asked = Promise.all([signal(b, 'p', 'one'), b.box.run('q').cancel(), b.box.run('q').pause()]);
    await at.say(
      'a is closed, and b asks',
      Promise.all([closed, asked]).then(([, said]) => said),
    );
  },
};

test('what a process asks and does without a lease that it is sure of is written down, call by call (I2, I6, I7)', async () => {
  await expect(await pagesOf(SCENES)).toMatchFileSnapshot('./leases.txt');
});
