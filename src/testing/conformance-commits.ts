/** Cases for every store: commits that land whole or not at all, and runs that have one owner. */
import assert from 'node:assert/strict';
import { systemClock } from '../clock.ts';
import { CommitConflict, LeaseLost } from '../errors/index.ts';
import type { Awaitable, News, Sharing, Store } from '../store.ts';
import type { Check } from './conformance.ts';
import {
  LEASE,
  actor,
  attempt,
  change,
  events,
  frozen,
  pages,
  pathsOf,
  refused,
  row,
  same,
  seqs,
  signal,
} from './conformance-rows.ts';

export const COMMITS: Readonly<Record<string, Check>> = {
  'a commit of several runs lands in all of them (I3)': async (store) => {
    await store.commit([
      change('a', 0),
      change('b', 0, { row: row('b', { status: 'completed' }), actors: [actor('b', '')] }),
    ]);
    same(await store.readRun('a'), row('a'));
    same(await store.readRun('b'), row('b', { status: 'completed' }));
    assert.deepEqual(await pathsOf(store.readActors('b')), ['']);
  },
  'a commit with a conflict among its changes applies none of them (I2, I3, P232)': async (store) => {
    await store.commit([change('b', 0)]);
    const mixed = [
      change('a', 0, { actors: [actor('a', '')], attempts: [attempt('a', 'pay', 1)] }),
      change('b', 0, { row: row('b', { status: 'failed' }), actors: [actor('b', '')] }),
      change('c', 0),
    ];
    await refused(() => store.commit(mixed), CommitConflict);
    assert.equal(await store.readOpen('a'), null);
    assert.deepEqual([await pathsOf(store.readActors('a')), await store.readAttempts('a')], [[], []]);
    assert.deepEqual([await seqs(store, 'a'), await seqs(store, 'b'), await seqs(store, 'c')], [[], [1], []]);
    same(await store.readRun('b'), row('b'));
    assert.deepEqual(await pages(store, { limit: 10 }), ['b']);
  },
  'a commit that stands on another number of events than there are is a conflict with both numbers (I2)': async (
    store,
  ) => {
    await store.commit([change('a', 0, { events: events('a', 0, 2) })]);
    for (const after of [0, 1, 3]) {
      await refused(() => store.commit([change('a', after)]), CommitConflict);
      await assert.rejects(async () => await store.commit([change('a', after)]), {
        fields: { run: 'a', expected: after, found: 2 },
      });
    }
    await refused(() => store.commit([change('nobody', 1)]), CommitConflict);
    assert.deepEqual(await seqs(store, 'a'), [1, 2]);
  },
  'of two commits on one run that are made at once exactly one lands (I2)': async (store) => {
    await store.commit([change('a', 0)]);
    const commit = async (path: string) => await store.commit([change('a', 1, { actors: [actor('a', path)] })]);
    const ends = await Promise.allSettled([commit('left'), commit('right')]);
    const won = ends.findIndex(({ status }) => status === 'fulfilled');
    assert.deepEqual(ends.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const [lost] = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
    assert.ok(lost instanceof CommitConflict, `the other is refused with ${lost}, and not as a conflict`);
    assert.deepEqual(await pathsOf(store.readActors('a')), [['left', 'right'][won]]);
    assert.deepEqual(await seqs(store, 'a'), [1, 2]);
  },
  'a commit that was refused can be made again with the right number': async (store) => {
    await store.commit([change('a', 0)]);
    await refused(() => store.commit([change('a', 0)]), CommitConflict);
    await store.commit([change('a', 1)]);
    assert.deepEqual(await seqs(store, 'a'), [1, 2]);
  },
  'a commit of nothing but events leaves the rows that are there, and one of nothing at all is a commit': async (
    store,
  ) => {
    await store.commit([change('a', 0, { actors: [actor('a', '')] })]);
    await store.commit([change('a', 1)]);
    await store.commit([]);
    same(await store.readRun('a'), row('a'));
    same(await store.readActors('a'), frozen([actor('a', '')]));
    assert.equal((await store.readOpen('a'))?.seq, 2);
  },
  'a run that is whole from its first commit on, as one from elsewhere, is kept as any other, ended or not, for the next owner, too (I3, P228)':
    async (first, bench) => {
      const whole = (run: string, status: 'running' | 'completed') => {
        const over = { state: 'completed', startedAt: 1, attempt: 2 } as const;
        const steps = [
          actor(run, '', status === 'completed' ? { ...over, endedSeq: 5 } : {}),
          actor(run, 'pay', { ...over, endedSeq: 4, output: 1 }),
          actor(run, 'pay/bank', { ...over, endedSeq: 3, input: { n: 1 } }),
          ...(status === 'completed' ? [] : [actor(run, 'ship', { state: 'waiting', due: 9, memory: { n: 1 } })]),
        ];
        const records = [{ run, type: 'approval', id: 'pay#1', version: 3, body: { n: 1 }, keys: { state: 'open' } }];
        const taken = signal(run, 'taken', { takenBy: 'pay/bank', answer: 'accepted' });
        return change(run, 0, {
          row: row(run, { status, key: run, metadata: { tenant: 'a' }, endedAt: status === 'completed' ? 7 : null }),
          ...{ actors: steps, attempts: [attempt(run, 'pay/bank', 1)], events: events(run, 0, 5), records },
          signals: [taken, signal(run, 'kept')],
        });
      };
      const both = [whole('ended', 'completed'), whole('open', 'running')];
      await first.commit(both);
      const next = await bench.after('two');
      for (const { run, row: kept, actors, attempts, signals, records = [] } of both) {
        same(await next.readRun(run), kept);
        same(await next.readRunByKey('order', run), kept);
        same(await next.readActors(run), actors);
        same(await next.readAttempts(run), attempts);
        assert.deepEqual(await seqs(next, run), [1, 2, 3, 4, 5]);
        for (const each of signals) same(await next.readSignal(run, each.id), each);
        for (const each of records) same(await next.readRecord(run, each.type, each.id), each);
      }
      assert.deepEqual(
        (await next.readCompleted('open', { limit: 9 })).map(({ path }) => path),
        ['pay', 'pay/bank'],
      );
      assert.deepEqual(await next.claim(9), ['open']);
      const open = await next.readOpen('open');
      assert.deepEqual([open?.owner, open?.fence, open?.seq], ['two', 2, 5]);
      assert.deepEqual(
        [open?.open.map(({ path }) => path), open?.signals.map(({ id }) => id)],
        [['', 'ship'], ['kept']],
      );
      assert.equal(await next.deleteRun('ended'), true);
    },
  'a thousand runs and a run of a thousand changes are one commit': async (store) => {
    const many = Array.from({ length: 1_000 }, (_, index) => change(`r${index}`, 0));
    const actors = Array.from({ length: 1_000 }, (_, index) => actor('big', `s${index}`));
    await store.commit([...many, change('big', 0, { actors, events: events('big', 0, 1_000) })]);
    assert.equal((await pages(store, { limit: 300 })).length, 1_001);
    assert.equal((await store.readOpen('big'))?.seq, 1_000);
  },
};

export const OWNERS: Readonly<Record<string, Check>> = {
  'what was committed is there for the next owner (P89)': async (first, bench) => {
    const [actors, attempts] = [[actor('a', ''), actor('a', 'pay')], [attempt('a', 'pay', 1)]];
    await first.commit([change('a', 0, { row: row('a', { key: 'k' }), actors, attempts, events: events('a', 0, 3) })]);
    const next = await bench.after('two');
    same(await next.readRun('a'), row('a', { key: 'k' }));
    same(await next.readRunByKey('order', 'k'), row('a', { key: 'k' }));
    same(await next.readActors('a'), frozen(actors));
    same(await next.readAttempts('a'), frozen(attempts));
    same(await next.readEvents('a', { after: 0, limit: 10 }), frozen(events('a', 0, 3)));
  },
  'the next owner claims unfinished runs, the oldest first, up to the limit, each under a fence that is one higher (I2, P231)':
    async (first, bench) => {
      for (const [at, run] of ['c', 'a', 'd', 'b'].entries())
        await first.commit([change(run, 0, { row: row(run, { startedAt: at }) })]);
      await first.commit([change('a', 1, { row: row('a', { startedAt: 1, status: 'completed' }) })]);
      const next = await bench.after('two');
      assert.deepEqual(await next.claim(2), ['c', 'd']);
      assert.deepEqual(await next.claim(10), ['b']);
      assert.deepEqual(await next.claim(10), []);
      const found = await next.readOpen('d');
      assert.deepEqual([found?.owner, found?.fence, found?.seq], ['two', 2, 1]);
      await next.commit([change('d', 1, { fence: 2 })]);
      const last = await bench.after('three');
      assert.deepEqual(await last.claim(10), ['c', 'd', 'b']);
      assert.equal((await last.readOpen('d'))?.fence, 3);
    },
  'an owner does not claim what is its own': async (store) => {
    await store.commit([change('a', 0)]);
    assert.deepEqual(await store.claim(10), []);
    assert.deepEqual((await store.readOpen('a'))?.fence, 1);
  },
  'an owner whose run was claimed by another is refused with LeaseLost, and nothing changes (I2, I3, P231)': async (
    first,
    bench,
  ) => {
    await first.commit([change('a', 0)]);
    const next = await bench.after('two');
    assert.deepEqual(await next.claim(10), ['a']);
    const old = await bench.after('one');
    const late = [change('b', 0), change('a', 1, { row: row('a', { status: 'failed' }), actors: [actor('a', '')] })];
    await refused(() => old.commit(late), LeaseLost);
    assert.equal(await old.readRun('b'), null);
    same(await old.readRun('a'), row('a'));
    assert.deepEqual([await seqs(old, 'a'), await pathsOf(old.readActors('a'))], [[1], []]);
  },
  'a run that was not claimed takes no commit from the next owner (I2)': async (first, bench) => {
    await first.commit([change('a', 0)]);
    const next = await bench.after('two');
    await refused(() => next.commit([change('a', 1)]), LeaseLost);
    assert.deepEqual(await next.claim(10), ['a']);
    await refused(() => next.commit([change('a', 1)]), LeaseLost);
    await refused(() => next.commit([change('a', 1, { fence: 3 })]), LeaseLost);
    await next.commit([change('a', 1, { fence: 2 })]);
    assert.deepEqual(await seqs(next, 'a'), [1, 2]);
  },
  'who closes lets go of unfinished runs at once, and they can be claimed': async (first, bench) => {
    await first.commit([change('a', 0), change('b', 0, { row: row('b', { status: 'completed' }) })]);
    await bench.close(first);
    const next = await bench.beside('two');
    assert.equal((await next.readOpen('a'))?.owner, null);
    assert.deepEqual(await next.claim(10), ['a']);
  },
};

/** For stores that several processes may have open. */
export const SHARED: Readonly<Record<string, Check>> = {
  'a run of an owner that lives is claimed by nobody; when its lease has ended, by one (P231)': async (
    first,
    bench,
  ) => {
    await first.commit([change('a', 0)]);
    const [two, three] = [await bench.beside('two'), await bench.beside('three')];
    // A store that compares with a clock of its own may be a little off.
    bench.time += LEASE - 1_000;
    await first.renew();
    bench.time += LEASE - 1_000;
    assert.deepEqual(await two.claim(10), []);
    bench.time += 2_000;
    const claimed = await Promise.all([two.claim(10), three.claim(10)]);
    assert.deepEqual(claimed.flat(), ['a']);
    await refused(() => first.commit([change('a', 1)]), LeaseLost);
  },
  'of two owners that begin one run at once, one does (I2, P231)': async (first, bench) => {
    const second = await bench.beside('two');
    const begin = async (store: Store) => await store.commit([change('a', 0)]);
    const ends = await Promise.allSettled([begin(first), begin(second)]);
    assert.deepEqual(ends.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.deepEqual(await seqs(first, 'a'), [1]);
  },
  'of two runs that are begun at once under one key, one is (S17)': async (first, bench) => {
    const second = await bench.beside('two');
    const begin = async (store: Store, run: string) =>
      await store.commit([change(run, 0, { row: row(run, { key: 'k' }) })]);
    const ends = await Promise.allSettled([begin(first, 'a'), begin(second, 'b')]);
    assert.deepEqual(ends.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal((await pages(first, { limit: 10 })).length, 1);
  },
  'a claim takes no run of a definition that the claimer does not know, and such a run is told as one that nobody goes on with (I7)':
    async (first, bench) => {
      // A store without strays claims whatever there is.
      if (sharing(first).readStrays === undefined) return;
      const pins = (version: string) => ({ orchestrator: 'order: %', version, hash: 'h' });
      const [old, now] = [pins('1'), pins('2')];
      for (const [at, run] of ['a', 'b', 'c', 'd'].entries())
        await first.commit([change(run, 0, { row: row(run, { ...(at % 2 === 0 ? old : now), startedAt: at }) })]);
      const two = await bench.beside('two');
      assert.deepEqual(await sharing(two).readStrays?.([old]), []);
      bench.time += 2 * LEASE;
      assert.deepEqual(await two.claim(10, [old]), ['a', 'c']);
      assert.deepEqual(await two.claim(10, [old]), []);
      assert.deepEqual(await two.claim(10, []), []);
      assert.equal((await sharing(two).readStrays?.([old]))?.length, 1);
      assert.equal((await sharing(two).readStrays?.([]))?.length, 1);
      assert.deepEqual(await sharing(two).readStrays?.([old, now]), []);
      const three = await bench.beside('three');
      assert.deepEqual(await three.claim(1, [now]), ['b']);
      assert.deepEqual(await three.claim(10, [old, now]), ['d']);
      // Whoever had it before has it no more.
      await refused(() => first.commit([change('b', 1)]), LeaseLost);
      assert.deepEqual(await sharing(two).readStrays?.([]), []);
      assert.deepEqual([(await three.readOpen('b'))?.owner, (await three.readOpen('d'))?.owner], ['three', 'three']);
      await bench.close(three);
      assert.deepEqual(await two.claim(10, [old]), []);
      assert.deepEqual(await two.claim(10), ['b', 'd']);
    },
  'two that claim at once share what there is, and none gets a run of the other (I2, P231)': async (first, bench) => {
    const runs = Array.from({ length: 40 }, (_, index) => `r${index}`);
    await first.commit(runs.map((run) => change(run, 0)));
    const [two, three] = [await bench.beside('two'), await bench.beside('three')];
    await bench.close(first);
    const claims = await Promise.all([1, 2, 3, 4].map((at) => (at % 2 === 0 ? two : three).claim(10)));
    const rest = await two.claim(100);
    assert.deepEqual([...claims.flat(), ...rest].sort(), [...runs].sort());
  },
  'of two that save one definition at once, one does, and both read the same (P125)': async (first, bench) => {
    const second = await bench.beside('two');
    const definition = { orchestrator: 'order', version: '1', hash: 'h' };
    const save = async (store: Store, line: string) => await store.saveDefinitions([{ ...definition, lines: [line] }]);
    await Promise.all([save(first, 'left'), save(second, 'right')]);
    const [left, right] = [
      await first.readDefinition('order', '1', 'h'),
      await second.readDefinition('order', '1', 'h'),
    ];
    assert.ok(left !== null);
    same(left, right);
  },
  'what one commits, the others read at once': async (first, bench) => {
    const second = await bench.beside('two');
    await first.commit([change('a', 0, { actors: [actor('a', '')] })]);
    same(await second.readRun('a'), row('a'));
    assert.deepEqual(await pathsOf(second.readActors('a')), ['']);
    await first.commit([change('a', 1)]);
    assert.deepEqual(await seqs(second, 'a'), [1, 2]);
  },
  'a command lies there for the owner of its run, and for no other, until it is answered': async (first, bench) => {
    const second = await bench.beside('two');
    await first.commit([change('a', 0)]);
    await second.commit([change('b', 0)]);
    const body = { type: 'cancel', reason: "it's enough 😀", deep: [null, { '': 1 }] };
    const wanted = [1, 2, 3].map((number) => ({ id: `c${number}`, run: number === 2 ? 'b' : 'a', body }));
    for (const command of wanted) await sharing(second).leaveCommand(command);
    const [one, two, three] = wanted;
    same(await sharing(first).readCommands(10), [one, three] as never);
    same(await sharing(first).readCommands(1), [one] as never);
    same(await sharing(second).readCommands(10), [two] as never);
    assert.equal(await sharing(second).takeAnswer('c1'), null);
    await sharing(first).answerCommand('c1', { done: true });
    await sharing(first).answerCommand('c1', { done: false });
    same(await sharing(first).readCommands(10), [three] as never);
    same(await sharing(second).takeAnswer('c1'), { done: true });
    assert.equal(await sharing(second).takeAnswer('c1'), null);
    await sharing(first).answerCommand('c1', { done: true });
    await sharing(first).answerCommand('nobody asked', {});
    same(await sharing(first).readCommands(10), [three] as never);
  },
  'a command waits for whoever claims its run next': async (first, bench) => {
    const second = await bench.beside('two');
    await first.commit([change('a', 0)]);
    const command = { id: 'c', run: 'a', body: {} };
    await sharing(second).leaveCommand(command);
    await bench.close(first);
    same(await sharing(second).readCommands(10), []);
    await second.claim(10);
    same(await sharing(second).readCommands(10), [command]);
  },
  'others hear of commits, commands, answers, and of runs that are deleted or let go': async (first, bench) => {
    const heard: News[] = [];
    const second = await bench.beside('two');
    await sharing(second).listen((news) => void heard.push(news));
    const hears = async (about: News['about'], act: () => Awaitable<unknown>): Promise<void> => {
      heard.length = 0;
      await act();
      for (let tries = 0; tries < 500 && !heard.some((news) => news.about === about); tries += 1) await systemPause(10);
      assert.ok(
        heard.some((news) => news.about === about),
        `nothing was heard about ${about}`,
      );
    };
    await hears('runs', () => first.commit([change('a', 0), change('b', 0)]));
    const runs = heard.flatMap((news) => (news.about === 'runs' ? news.runs : []));
    assert.ok(runs.includes('a') && runs.includes('b'));
    await hears('runs', () => first.commit([change('c', 0, { row: row('c', { status: 'completed' }) })]));
    await hears('runs', () => first.deleteRun('c'));
    await hears('commands', () => sharing(first).leaveCommand({ id: 'c', run: 'a', body: {} }));
    await hears('answers', () => sharing(first).answerCommand('c', {}));
    await hears('released', () => bench.close(first));
  },
};

export function sharing({ shared, name }: Store): Sharing {
  assert.ok(shared !== undefined, `${name} does not say that it is shared`);
  return shared;
}

const systemPause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    systemClock.wakeAfter(ms, resolve);
  });
