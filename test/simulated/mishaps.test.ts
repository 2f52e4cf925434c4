/**
 * What processes that share a place say to it and to each other when something goes wrong is what `mishaps.txt` says, call by call:
 * answers that get lost, clocks that are set back, runs that are another's, ended or deleted while they are asked for something, more
 * than a page of everything. A change there is read before it is taken over (`npx vitest run test/simulated/mishaps.test.ts -u`).
 */
import { StoreUnusable } from 'signalbox/errors';
import { expect, test } from 'vitest';
import { type Act, asks, away, begin, first, flows, long, naps, pagesOf, unknown, waits } from './scene.ts';
import type { Process } from './world.ts';

const broken = new StoreUnusable({ store: 'the place', reason: 'no such table', isLasting: true });

const signal = ({ box }: { readonly box: NonNullable<Process['box']> }, run: string, id = 'once') =>
  box.run(run).signal('go' as never, 1 as never, { id } as never);
const SCENES: { readonly [title: string]: Act } = {
  'nobody hears that there are answers': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, waits, 'r');
    at.world.weather = { ...at.world.weather, missed: 1 };
    await at.say('b signals', signal(b, 'r'), 12_000);
  },
  'the line of one who asks is cut while it waits': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, long, 'r');
    a.stop();
    const asked = b.box.run('r').cancel({ reason: 'enough' });
    await at.later(500);
    at.note('-- cut');
    b.isCut = true;
    a.goOn();
    await at.later(6_000);
    at.note('-- well');
    b.isCut = false;
    await at.say('the cancel', asked, 6_000);
  },
  'a run ends, is deleted, and is another one while somebody waits for its answer': async (at) => {
    const [a, b, c] = [await at.open(), await at.open(), await at.open()];
    for (const id of ['ended', 'gone', 'again']) await begin(at, a, waits, id);
    at.note('-- a is stopped');
    a.stop();
    const asked = ['ended', 'gone', 'again'].map((id) => signal(b, id));
    const cancelled = b.box.run('again').cancel();
    await at.later(500);
    for (const id of ['ended', 'gone', 'again'])
      await at.say(`c abandons ${id}`, c.box.run(id).abandon({ reason: 'no' }));
    for (const id of ['gone', 'again']) await at.say(`c deletes ${id}`, c.box.run(id).delete());
    await begin(at, c, waits, 'again');
    await at.say('what b is told', Promise.all([...asked, cancelled]), 6_000);
    at.note('-- a goes on');
    a.goOn();
    await at.later(2_000);
  },
  'a box is closed while it waits for an answer': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, waits, 'r');
    a.stop();
    const asked = signal(b, 'r').catch((error: Error) => error.message);
    await at.later(300);
    await at.say('b is closed', b.box.close());
    await at.say('the signal', asked);
    a.goOn();
    await at.later(1_000);
  },
  'what is asked cannot be read, taken, or answered at first': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (const id of ['p', 'q', 'r', 's']) await begin(at, a, waits, id);
    first(at, a, 'shared.readCommands', 1, { lost: away });
    await at.say('one', signal(b, 'p'), 8_000);
    first(at, a, 'shared.answerCommand', 1, { lost: away });
    await at.say('two', signal(b, 'q'), 8_000);
    first(at, a, 'readSignal', 1, { lost: away });
    await at.say('three', signal(b, 'r'), 8_000);
    first(at, a, 'readSignal', 1, { lost: broken });
    await at.say('four', signal(b, 's'), 8_000);
    await at.say('four once more', signal(b, 's', 'again'), 8_000);
  },
  'more is asked than is read at a time': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, waits, 'r');
    await begin(at, a, long, 'q');
    at.note('-- a is stopped');
    a.stop();
    const asked = Array.from({ length: 450 }, (_, index) =>
      b.box.run(index % 2 === 0 ? 'q' : 'r').signal('went' as never, index as never, { id: `n${index}` } as never),
    );
    at.shows = (what) => what === 'shared.readCommands' || /^(log|renew|claim)/.test(what);
    await at.later(1_000);
    at.note('-- a goes on');
    first(at, a, 'shared.answerCommand', 250, { lost: away });
    a.goOn();
    await at.say(
      'the answers',
      Promise.all(asked).then((all) =>
        all.map(({ answer }) => answer).filter((each, index, of) => of.indexOf(each) === index),
      ),
      8_000,
    );
  },
  'signs of life that come late, twice, by a place that is slow': async (at) => {
    const a = await at.open();
    await begin(at, a, long, 'q');
    await begin(at, a, waits, 'r');
    first(at, a, 'renew', 2, { ms: 10_000 });
    await at.later(24_000);
    await at.say('a signal', signal(a, 'r'));
    await at.later(4_000);
  },
  'one alone is stopped for long, and nobody has taken over anything': async (at) => {
    const a = await at.open();
    for (const flow of [waits, long, naps]) await begin(at, a, flow, flow.name);
    at.note('-- stopped');
    a.stop();
    await at.later(22_000);
    at.note('-- goes on, and is not answered whose runs are its own');
    first(at, a, 'readOpen', 2, { lost: away });
    a.goOn();
    await at.later(5_000);
    await at.say('a signal', signal(a, 'waits'));
    await at.later(1_000);
  },
  'the clock of one is set back, and forth': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (const flow of [waits, long, naps]) await begin(at, a, flow, flow.name);
    at.note('-- an hour back');
    a.wrong = -3_600_000;
    await at.say('a signal', signal(a, 'waits'));
    await at.later(4_000);
    at.note('-- as it was');
    a.wrong = 0;
    await at.later(7_000);
    await at.say('a cancel by b', b.box.run('long').cancel());
  },
  'one that was stopped comes back to runs that ended, were deleted, and are others': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (const id of ['ended', 'gone', 'again', 'kept']) await begin(at, a, long, id);
    at.note('-- a is stopped');
    a.stop();
    await at.later(13_000);
    for (const id of ['ended', 'gone', 'again'])
      await at.say(`b cancels ${id}`, b.box.run(id).cancel({ reason: 'enough' }));
    for (const id of ['gone', 'again']) await at.say(`b deletes ${id}`, b.box.run(id).delete());
    await begin(at, b, long, 'again');
    at.note('-- a goes on');
    a.goOn();
    await at.later(4_000);
    at.note(`-- ${a.box.counts.inMemory} in memory of a, ${b.box.counts.inMemory} of b`);
  },
  'one that was not told begins a run under an id that it has in memory': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, long, 'r');
    at.world.weather = { ...at.world.weather, missed: 1 };
    await at.say('b abandons', b.box.run('r').abandon({ reason: 'no' }));
    await at.say('b deletes', b.box.run('r').delete());
    await begin(at, a, waits, 'r');
    await at.say('a signals', signal(a, 'r'));
    await at.later(1_000);
  },
  'one that was not told abandons, pauses and deletes what is gone already': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (const id of ['p', 'q', 'r']) await begin(at, a, long, id);
    at.world.weather = { ...at.world.weather, missed: 1 };
    for (const id of ['p', 'q', 'r']) await at.say(`b abandons ${id}`, b.box.run(id).abandon({ reason: 'no' }));
    await at.say('a abandons', a.box.run('p').abandon({ reason: 'nor me' }));
    await at.say('a pauses', a.box.run('q').pause());
    await at.say('a deletes', a.box.run('r').delete());
    await at.say(
      'a deletes what b has deleted',
      b.box
        .run('q')
        .delete()
        .then(() => a.box.run('q').delete()),
    );
    await at.later(4_000);
  },
  'the place is away when a process has died': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (let run = 1; run <= 8; run += 1) await begin(at, a, waits, `r${run}`);
    a.kill();
    first(at, b, 'claim', 2, { lost: away });
    await at.later(8_000);
    first(at, b, 'claim', 1, { lost: broken });
    await at.later(5_000);
    first(at, b, 'readOpen', 3, { lost: away });
    await at.later(8_000);
    at.note(`-- ${b.box.counts.inMemory} in memory`);
  },
  'what one has claimed is not heard of, and a box that cannot claim is closed': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, waits, 'r');
    first(at, b, 'claim', 1, { unheard: away });
    await at.say('a is closed', a.box.close());
    await at.later(6_000);
    first(at, b, 'claim', 9, { lost: away });
    await at.later(4_000);
    await at.say('b is closed', b.box.close());
  },
  'runs that nobody goes on with cannot be looked for': async (at) => {
    const a = await at.open([...flows, unknown]);
    const b = await at.open();
    await begin(at, a, unknown, 'r');
    first(at, b, 'shared.readStrays', 1, { lost: away });
    await at.say('a is closed', a.box.close());
    await at.later(10_000);
    await at.say('b starts the same', b.box.start(waits as never, { id: 'r', input: null } as never));
    await at.say('b abandons it', b.box.run('r').abandon({ reason: 'nobody has it' }));
    await at.later(3_000);
  },
  'commits that are lost, land unheard, and are refused': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (const id of ['p', 'q', 'r', 's']) await begin(at, a, waits, id);
    const heard: string[] = [];
    a.box.on('*', ({ run, seq }) => void heard.push(`${run} ${seq}`));
    first(at, a, 'commit', 1, { lost: away });
    await at.say('a signals p', signal(a, 'p'));
    first(at, a, 'commit', 1, { unheard: away });
    await at.say('b signals q', signal(b, 'q'));
    first(at, a, 'commit', 2, { lost: broken });
    await at.say('b signals r', signal(b, 'r'));
    first(at, a, 'commit', 2, { lost: broken });
    await at.say('a cancels s', a.box.run('s').cancel());
    first(at, a, 'commit', 2, { lost: broken });
    await at.say('a starts t', a.box.start(waits as never, { id: 't', input: null } as never));
    await begin(at, a, waits, 'u');
    first(at, a, 'commit', 7, { lost: broken }, 1);
    await at.say('a signals u', signal(a, 'u'));
    await at.later(8_000);
    await begin(at, a, waits, 'v');
    first(at, a, 'commit', 3, { lost: broken }, 1);
    await at.say('a signals v', signal(a, 'v'));
    await begin(at, a, naps, 'w');
    first(at, a, 'commit', 3, { lost: broken });
    await at.later(25_000);
    at.note(`-- a has heard ${heard.join(', ')}`);
  },
  'a signal comes again, and people decide, while commits are lost': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, asks, 'p');
    await begin(at, a, long, 'q');
    first(at, a, 'commit', 1, { unheard: away });
    await at.say('b decides', b.box.decide('p/t/a#1', { decision: 'approve', by: 'mia', id: 'd' }));
    first(at, a, 'commit', 1, { unheard: away });
    await at.say('b pauses', b.box.run('q').pause({ by: 'eve' }));
    first(at, a, 'commit', 1, { unheard: away });
    await at.say('a resumes', a.box.run('q').resume({ by: 'eve' }));
    first(at, a, 'commit', 1, { unheard: away });
    await at.say('b skips a step', b.box.run('q').skip('t/s' as never, { by: 'eve', reason: 'no use' } as never));
    await at.later(1_000);
  },
  'more runs are left than are claimed at a time': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    for (let run = 0; run < 620; run += 1) void a.box.start(waits as never, { id: `r${run}`, input: null } as never);
    at.shows = (what) => /^(log|claim)/.test(what);
    await at.later(1_000);
    await at.say('a is closed', a.box.close());
    at.note(`-- ${b.box.counts.inMemory} in memory`);
  },
  'more is followed than is looked at in a round, by one whose line was cut': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    let reads = 0;
    at.shows = (what) => {
      if (what === 'readEvents') reads += 1;
      return what.startsWith('log');
    };
    const heard = async (run: string): Promise<void> => {
      for await (const event of b.box.run(run).events()) void event;
    };
    for (let run = 0; run < 250; run += 1)
      void a.box.start(waits as never, { id: `r${run}`, input: null } as never).then(() => void heard(`r${run}`));
    await at.later(2_500);
    for (const isCut of [false, true, false, false]) {
      reads = 0;
      b.isCut = isCut;
      await at.later(3_000);
      at.note(`-- ${isCut ? 'cut' : 'well'}, and histories were read ${reads} times`);
    }
  },
  'two that ask for the same thing at once': async (at) => {
    const [a, b] = [await at.open(), await at.open()];
    await begin(at, a, waits, 'r');
    await at.say('three times', Promise.all([signal(a, 'r'), signal(b, 'r'), signal(b, 'r')]));
    await at.say('again', signal(b, 'r'));
    await at.say('to none', signal(b, 'nowhere'));
  },
};

test('what goes wrong between processes and their place is written down, call by call (I2, I3, I6, I7, S17, S37)', async () => {
  await expect(await pagesOf(SCENES)).toMatchFileSnapshot('./mishaps.txt');
});
