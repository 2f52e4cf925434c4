/**
 * What processes that share a place say while their runs begin, tell, hold, end and undo each other is what `families.txt` says, call by
 * call: children and parents that are in different processes, signals to many, and what goes wrong on the way. A change there is read
 * before it is taken over (`npx vitest run test/simulated/families.test.ts -u`).
 */
import { type AnyOrchestrator, orchestrator, track } from 'signalbox';
import { expect, test } from 'vitest';
import {
  type Act,
  away,
  begin,
  body,
  first,
  head,
  input,
  long,
  type Opened,
  pagesOf,
  parent,
  type Scene,
  waits,
} from './scene.ts';

const two = orchestrator('two', head)
  .track('t', track('t', input).run('c', waits).step('s', body('behind')))
  .track('u', track('u', input).run('d', long));
const apart = orchestrator('apart', head).track('t', track('t', input).run('c', { orchestrator: waits, detach: true }));
const does = orchestrator('does', head).track('t', track('t', input).step('s', body('do', { compensate: () => {} })));
const undone = orchestrator('undone', { ...head, onFailure: 'compensate' }).track(
  't',
  track('t', input).run('c', does).wait('w', { signal: 'go' }),
);
const tells = (name: string, to: unknown) =>
  orchestrator(name, head).track('t', track('t', input).signal('tell', { signal: 'go', to: to as 'all' }));
const tellsAll = tells('tellsAll', 'all');
const tellsOne = tells('tellsOne', () => ({ run: 'q' }));
const tellsKey = tells('tellsKey', () => ({ orchestrator: 'waits', key: 'k' }));
const above = [two, parent, apart, undone, tellsAll, tellsOne, tellsKey] as readonly AnyOrchestrator[];
const all = [...above, waits, long, does] as readonly AnyOrchestrator[];

/** A family whose parent is with one process and whose children are with another, because each knows only its own. */
async function parted(at: Scene, flow: AnyOrchestrator): Promise<readonly [Opened, Opened]> {
  const a = await at.open(all);
  await begin(at, a, flow, 'r');
  const [b, c] = [await at.open(above), await at.open([waits, long, does] as readonly AnyOrchestrator[])];
  first(at, b, 'claim', 1, { ms: 50 });
  await at.say('a is closed', a.box.close());
  await at.later(500);
  return [b, c];
}

const statuses = ({ box }: Opened): Promise<readonly string[]> =>
  box.runs().then(({ runs }) => runs.map(({ orchestrator: of, status }) => `${of} ${status}`));

const counted = ({ box }: Opened, run: string): Promise<unknown> =>
  box
    .run(run)
    .attempts('t/tell' as never)
    .then((all: readonly { readonly output: unknown }[]) => all.map(({ output }) => output));

const SCENES: { readonly [title: string]: Act } = {
  'the parent is with one, its children with the other: paused, resumed, cancelled': async (at) => {
    const [b, c] = await parted(at, two);
    await at.say('b pauses', b.box.run('r').pause());
    await at.say('how they are', statuses(b));
    await at.say('b resumes', b.box.run('r').resume());
    await at.say('how they are', statuses(b));
    first(at, b, 'readRun', 2, { lost: away }, 1);
    await at.say('b pauses', b.box.run('r').pause());
    await at.later(2_000);
    await at.say('b resumes', b.box.run('r').resume());
    await at.say('b cancels', b.box.run('r').cancel({ reason: 'enough' }));
    await at.say('how they are', statuses(c));
  },
  'the children of another process end, are abandoned, and are deleted': async (at) => {
    const [b, c] = await parted(at, two);
    const ids: string[] = [];
    const found = ['waits', 'long'].map((of) =>
      c.box.runs({ orchestrator: of }).then(({ runs }) => runs[0]?.run as string),
    );
    await at.say(
      'the children',
      Promise.all(found).then((runs) => ids.push(...runs)),
    );
    const [wait, work] = ids;
    await at.say(
      'c signals the one',
      c.box.run(wait as string).signal('go' as never, 7 as never, { id: 'x' } as never),
    );
    at.world.weather = { ...at.world.weather, missed: 1 };
    await at.say('c abandons the other', c.box.run(work as string).abandon({ reason: 'no' }));
    await at.say('c deletes it', c.box.run(work as string).delete());
    await at.later(4_000);
    await at.say('how they are', statuses(b));
  },
  'a parent is cancelled while the store is away under its child': async (at) => {
    const [b, c] = await parted(at, parent);
    first(at, b, 'readRun', 3, { lost: away }, 1);
    await at.say('b cancels', b.box.run('r').cancel({ reason: 'enough' }), 20_000);
    await at.later(4_000);
    await at.say('how they are', statuses(c));
  },
  'a parent is cancelled while its child is being started': async (at) => {
    const a = await at.open(all);
    first(at, a, 'readRun', 1, { ms: 800 }, 1);
    await begin(at, a, parent, 'r');
    await at.say('a cancels', a.box.run('r').cancel({ reason: 'enough' }));
    await at.later(2_000);
    await at.say('how they are', statuses(a));
    first(at, a, 'commit', 1, { ms: 800 }, 1);
    await begin(at, a, parent, 'q');
    await at.say('a cancels', a.box.run('q').cancel({ reason: 'enough' }));
    await at.later(2_000);
    await at.say('how they are', statuses(a));
  },
  'a parent is paused while its child is being started, and resumed while that is being said': async (at) => {
    const a = await at.open(all);
    first(at, a, 'readRun', 1, { ms: 800 }, 2);
    await begin(at, a, parent, 'r');
    await at.say('a pauses', a.box.run('r').pause());
    await at.later(2_000);
    await at.say('how they are', statuses(a));
    first(at, a, 'readRun', 1, { ms: 800 }, 1);
    await at.say('a resumes', a.box.run('r').resume());
    await at.say('a pauses', a.box.run('r').pause());
    await at.later(2_000);
    await at.say('how they are', statuses(a));
  },
  'a parent is taken over, and ended, while its child is being started': async (at) => {
    const [a, b] = [await at.open(all), await at.open(all)];
    first(at, a, 'commit', 1, { ms: 2_000 }, 1);
    const started = a.box.start(parent as never, { id: 'r', input: null } as never);
    await at.say(
      'it is started',
      started.then(() => 'yes'),
    );
    at.note('-- a is stopped');
    a.stop();
    await at.later(13_000);
    await at.say('b cancels', b.box.run('r').cancel({ reason: 'enough' }));
    at.note('-- a goes on');
    a.goOn();
    await at.later(5_000);
    await at.say('how they are', statuses(b));
  },
  'a child that cannot be started at first, and one that nobody waits for': async (at) => {
    const a = await at.open(all);
    first(at, a, 'readRun', 2, { lost: away }, 1);
    await begin(at, a, parent, 'r');
    await at.later(2_000);
    await begin(at, a, apart, 'q');
    await at.later(500);
    await at.say('a cancels', a.box.run('r').cancel());
    await at.say('how they are', statuses(a));
  },
  'a parent is read again while it waits for its children': async (at) => {
    const a = await at.open(all);
    await begin(at, a, two, 'r');
    first(at, a, 'commit', 1, { unheard: away });
    await at.say('a pauses', a.box.run('r').pause());
    first(at, a, 'commit', 1, { lost: away });
    await at.say('a resumes', a.box.run('r').resume());
    first(at, a, 'commit', 1, { unheard: away });
    await at.say('a cancels', a.box.run('r').cancel());
    await at.later(1_000);
    await at.say('how they are', statuses(a));
  },
  'what a child has done is undone with its parent, across processes': async (at) => {
    const [b, c] = await parted(at, undone);
    await at.say('b cancels, and has it undone', b.box.run('r').cancel({ compensate: true, reason: 'no' }));
    await at.later(4_000);
    await at.say('how they are', statuses(c));
  },
  'signals to one, to a key, and to all that wait, who are with others': async (at) => {
    const [a, b] = [await at.open(all), await at.open(all)];
    await begin(at, a, waits, 'q');
    await at.say(
      'with a key',
      a.box.start(waits as never, { id: 'p', key: 'k', input: null } as never).then(() => 1),
    );
    for (const id of ['x', 'y']) await begin(at, a, waits, id);
    await begin(at, b, tellsOne, 'one');
    await begin(at, b, tellsKey, 'key');
    first(at, b, 'shared.leaveCommand', 1, { unheard: away });
    await begin(at, b, tellsAll, 'all');
    await at.later(8_000);
    await begin(at, b, tellsOne, 'none');
    for (const id of ['one', 'key', 'all', 'none']) await at.say(`what ${id} has counted`, counted(b, id));
  },
  'a signal to more than are looked at in one page, while the store is away for a moment': async (at) => {
    const [a, b] = [await at.open(all), await at.open(all)];
    for (let run = 0; run < 130; run += 1)
      void a.box.start(waits as never, { id: `w${String(run).padStart(3, '0')}`, input: null } as never);
    at.shows = (what) => /^(log|readRuns)/.test(what);
    await at.later(1_000);
    first(at, b, 'readRuns', 1, { lost: away }, 1);
    await begin(at, b, tellsAll, 'all');
    await at.later(8_000);
    await at.say('what it has counted', counted(b, 'all'));
  },
};

test('what processes say while their runs begin, hold, end and undo each other is written down, call by call (I2, I7, S18)', async () => {
  await expect(await pagesOf(SCENES)).toMatchFileSnapshot('./families.txt');
});
