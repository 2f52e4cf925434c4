/**
 * What processes that share a place say to it and to each other is what `talks.txt` says, call by call, while runs change hands, are
 * asked for things from elsewhere, and lines break. Servers carry this load, and processes of two versions talk to each other: a
 * change there is read before it is taken over (`npx vitest run test/simulated/talks.test.ts -u`).
 */
import type { Signalbox } from 'signalbox';
import { expect, test } from 'vitest';
import { type Act, asks, begin, draws, flows, long, naps, pagesOf, parent, unknown, waits } from './scene.ts';

const SCENES: { readonly [title: string]: Act } = {
  'one asks a run of the other for things': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, waits, 'r');
    await at.say(
      'b waits for its end, a signal comes from b',
      b.box.run('r').signal('go' as never, 1 as never, { id: 'once' } as never),
    );
    await at.say('the result', b.box.run('r').result());
    await begin(at, a, long, 'q');
    await at.say('b pauses', b.box.run('q').pause({ by: 'eve' }));
    await at.say('b resumes', b.box.run('q').resume());
    await at.say('b cancels', b.box.run('q').cancel({ reason: 'enough' }));
    await at.say('b cancels again', b.box.run('q').cancel());
    await begin(at, a, asks, 'p');
    await at.say('b decides', b.box.decide('p/t/a#1', { decision: 'approve', by: 'mia', id: 'd' }));
  },
  'one is killed': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (const flow of [waits, long, naps]) await begin(at, a, flow, flow.name);
    const heard: number[] = [];
    void (async () => {
      for await (const { seq } of b.box.run('naps').events()) heard.push(seq);
    })();
    await at.later(500);
    at.note('-- a is killed');
    a.kill();
    await at.say('a cancel comes', b.box.run('long').cancel(), 20_000);
    await at.later(25_000);
    at.note(`-- b has heard ${heard}`);
  },
  'one is stopped for longer than its lease, and goes on': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (const flow of [waits, long]) await begin(at, a, flow, flow.name);
    at.note('-- a is stopped');
    a.stop();
    await at.later(13_000);
    at.note('-- a goes on');
    a.goOn();
    await at.later(6_000);
    await at.say('a signal by a', a.box.run('waits').signal('go' as never, 1 as never, { id: 'x' } as never));
    await at.later(1_000);
    at.note(`-- ${b.box.counts.inMemory} in memory`);
  },
  'the line of one is cut, for less than its lease, and for longer': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (const flow of [long, naps]) await begin(at, a, flow, flow.name);
    at.note('-- cut');
    a.isCut = true;
    await at.later(5_000);
    at.note('-- well');
    a.isCut = false;
    await at.later(5_000);
    at.note('-- cut');
    a.isCut = true;
    await at.later(16_000);
    at.note('-- well');
    a.isCut = false;
    await at.later(8_000);
    at.note(`-- ${b.box.counts.inMemory} in memory`);
  },
  'both start one run': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    const start = ({ box }: { readonly box: Signalbox }) =>
      box.start(waits as never, { id: 'r', input: null } as never);
    await at.say(
      'both at once',
      Promise.all([start(a), start(b)]).then((all) => all.length),
    );
    await at.say(
      'both once more',
      Promise.all([start(a), start(b)]).then((all) => all.length),
    );
  },
  'a run is abandoned, deleted and begun again by the other': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, long, 'r');
    await at.say('b abandons', b.box.run('r').abandon({ reason: 'nobody needs it' }));
    await at.later(500);
    await at.say('b deletes', b.box.run('r').delete());
    await begin(at, b, waits, 'r');
    await at.say('a signals', a.box.run('r').signal('go' as never, null as never, { id: 'y' } as never));
    await at.later(1_000);
  },
  'both want the last of a budget': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    const start = ({ box }: { readonly box: Signalbox }, id: string) =>
      box
        .start(draws as never, { id, input: null } as never)
        .then(() => box.run(id).outcome())
        .then(({ status }) => status);
    await at.say('both at once', Promise.all([start(a, 'one'), start(b, 'two')]));
    await at.say('one more', start(a, 'three'));
  },
  'a child run is begun by one, and its parent is taken over by the other': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, parent, 'r');
    await at.later(500);
    at.note('-- a is killed');
    a.kill();
    await at.later(14_000);
    await at.say(
      'the child run',
      b.box.runs({ orchestrator: 'waits' }).then(({ runs }) => runs.map(({ status }) => status)),
    );
  },
  'one has no definition for what the other has left': async (at) => {
    const a = await at.open([...flows, unknown]);
    const b = await at.open();
    await begin(at, a, unknown, 'r');
    await begin(at, a, waits, 'q');
    await at.say('a is closed', a.box.close());
    await at.later(4_000);
    await at.say(
      'b signals the one',
      b.box.run('r').signal('go' as never, null as never, { id: 'z' } as never),
      25_000,
    );
    await at.say('b signals the other', b.box.run('q').signal('go' as never, null as never, { id: 'z' } as never));
  },
  'a schedule is looked after by both': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    const given = { orchestrator: draws, input: 1, every: '5s' } as never;
    const declare = ({ box }: { readonly box: Signalbox }) =>
      box.schedule('s', given).then(({ id }: { id: string }) => id);
    await at.say('both declare it', Promise.all([declare(a), declare(b)]));
    await at.later(6_000);
    await at.say(
      'a pauses it',
      a.box.schedule('s').then((schedule) => schedule.pause()),
    );
    await at.say(
      'b removes it',
      b.box.schedule('s').then((schedule) => schedule.remove()),
    );
  },
};

test('what processes say to a place and to each other is written down, call by call (I2, I6, I7, P231)', async () => {
  await expect(await pagesOf(SCENES)).toMatchFileSnapshot('./talks.txt');
});
