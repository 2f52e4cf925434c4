/**
 * Documents that are imported together, again, beside runs that are there, and while others do the same: what `box.import` answers, what
 * the store has then, and what the log says.
 */
import { memory, type Store } from 'signalbox';
import { CommitConflict, LeaseLost, RunExists } from 'signalbox/errors';
import { beforeAll, describe, expect, test } from 'vitest';
import { ending, documents, flow, opened } from '../helpers/damaged.ts';
import type { Broken } from '../helpers/damaging.ts';
import { settled } from '../helpers/stage.ts';
import { later, wrapped } from '../helpers/stores.ts';

let all: { readonly [what: string]: Broken } = {};
beforeAll(async () => {
  all = await documents();
});

/** A document of the run `held`, with something else in it. */
const changed = (change: (copy: Broken) => unknown, of = 'paused'): Broken => {
  const copy = structuredClone(all[of]);
  change(copy);
  return copy;
};
/** The same run under another id, below another. */
const as = (run: string, parent: string | null): Broken => {
  const text = JSON.stringify(all.paused).replaceAll('"held"', `"${run}"`);
  const copy = JSON.parse(text) as Broken;
  copy.run.parent = parent === null ? null : { run: parent, path: 'x' };
  return copy;
};
/** A run that has ended, with so many events more before its end. */
const long = (more: number): Broken =>
  changed((copy) => {
    const end = copy.events.pop();
    for (let at = 0; at < more; at += 1)
      copy.events.push({ ...end, type: 'user.emitted', path: 'a/one', name: 'more', data: at, seq: 0 });
    copy.events.push(end);
    for (const [at, each] of copy.events.entries()) each.seq = at + 1;
  }, 'ended');

const answerOf = async (box: Awaited<ReturnType<typeof opened>>['box'], given: unknown): Promise<string> => {
  try {
    return `run ${(await box.import(given as never)).id}`;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return `${code}: ${message.split('\n')[0]}`;
  }
};

describe('documents that are imported', () => {
  test('together come in their order, all or none, each once, and the log says how far each has come (P228)', async () => {
    const { box, lines } = await opened(later());
    const { paused, ended, undone } = all;
    const ids = async (): Promise<string> => (await box.runs()).runs.map(({ run }) => run).join();
    expect(await answerOf(box, [])).toContain('import-refused');
    expect(await answerOf(box, [paused, ended, paused])).toContain('run.run: it is there twice');
    expect(await answerOf(box, [paused, { ...ended, format: 2 }])).toContain('import-refused');
    expect(await ids()).toBe('');
    expect(lines).toEqual([]);
    expect(await answerOf(box, [ended, paused])).toBe('run over');
    expect(box.counts.commits).toBe(1);
    expect(await answerOf(box, [paused, undone, ended])).toBe('run held');
    await settled(box);
    const { commits } = box.counts;
    expect(await answerOf(box, paused)).toBe('run held');
    await settled(box);
    // What is there already costs the store no commit.
    expect(box.counts.commits).toBe(commits);
    expect(lines.map(({ level, message, run }) => `${level} ${run}: ${message}`)).toEqual([
      'info over: run of orchestrator "ending" imported at event 10: it had ended completed',
      'info held: run of orchestrator "ending" imported at event 4: it goes on here',
      'info bad: run of orchestrator "ending" imported at event 11: it goes on here',
    ]);
    await box.close();
    expect(await answerOf(box, all.waits)).toMatch(/^box-closed/);
  });

  test('are named by the run that they are of, as far as that can be said (P228)', async () => {
    const { box } = await opened(later());
    const runs: unknown[] = [];
    const odd = [null, undefined, 'r', 7, {}, { run: null }, { run: 'r' }, { run: { run: 7 } }];
    for (const each of [
      ...odd,
      { run: { run: 'r' } },
      { run: { run: 'x'.repeat(400) } },
      { run: { run: 'x'.repeat(401) } },
    ])
      runs.push(
        await box.import([each]).then(
          () => 'kept',
          ({ fields, code }) => (code === 'import-refused' ? (fields.run?.length ?? null) : code),
        ),
      );
    expect(runs).toEqual([null, null, null, null, null, null, null, null, 1, 400, null]);
    await box.close();
  });

  test('again are the same run as far as they go, or are told where they differ, a thousand events at a time (P228)', async () => {
    const { box } = await opened(later());
    const given = long(1_990);
    expect(given.events).toHaveLength(2_000);
    expect(await answerOf(box, given)).toBe('run over');
    expect(await answerOf(box, given)).toBe('run over');
    const other = (at: number, more: object = { at: 1 }): Broken => {
      const copy = structuredClone(given);
      Object.assign(copy.events[at], more);
      return copy;
    };
    const at = async (document: Broken): Promise<unknown> =>
      box.import(document).then(
        () => 'kept',
        ({ fields: { at: place, why } }) => `${place}: ${why}`,
      );
    for (const event of [1, 998, 999, 1_000, 1_001, 1_998, 1_999])
      expect(await at(other(event))).toBe(`events[${event}]: this run is there, and has gone another way`);
    expect(await at(long(1_991))).toBe('events[1999]: this run is there, and has gone another way');
    await box.close();
    // One that stands before what is imported.
    for (const there of [999, 1_000, 1_001]) {
      const behind = await opened(later());
      // It waits for a signal that nobody sends.
      const short = changed(({ events }) => {
        while (events.length <= there) events.push({ ...events[2], seq: events.length + 1 });
      }, 'below');
      const further = structuredClone(short);
      further.events.push({ ...further.events[2], seq: there + 2 });
      await behind.box.import(short);
      const place = `events[${there + 1}]`;
      const why = `this run is there and stands at event ${there + 1}, before what was exported`;
      expect(
        await behind.box.import(further).catch(({ fields: { at: found, why: said } }) => `${found}: ${said}`),
      ).toBe(`${place}: ${why}`);
      await behind.box.close();
    }
  });

  test.each<[string, (copy: Broken) => unknown]>([
    ['key', ({ run }) => Object.assign(run, { key: 'other' })],
    ['input', ({ run }) => Object.assign(run, { input: 7 })],
    ['metadata', ({ run }) => Object.assign(run, { metadata: { n: 1 } })],
    ['parent', ({ run }) => Object.assign(run, { parent: { run: 'q', path: 'x' } })],
    ['startedAt', ({ run }) => Object.assign(run, { startedAt: 1 })],
  ])('are another run with another %s (S17, P228)', async (field, change) => {
    const { box } = await opened(later());
    await box.import(all.paused);
    const why = `a run of this id is there with another ${field}`;
    expect(await answerOf(box, changed(change))).toContain(why);
    await box.close();
  });

  test('are refused beside a run of another orchestrator, and of another that has their key (S17, P228)', async () => {
    const { box } = await opened(later());
    await box.start(flow, { id: 'held', input: 1 });
    expect(await answerOf(box, all.paused)).toContain('there with another orchestrator');
    await box.start(ending, { id: 'x', key: 'k', input: 1 });
    const keyed = changed(({ run }) => Object.assign(run, { key: 'k' }), 'ended');
    expect(await answerOf(box, keyed)).toContain('run "x" was started under this key');
    const free = changed(({ run }) => Object.assign(run, { key: 'k2' }), 'ended');
    expect(await answerOf(box, free)).toBe(`run ${free.run.run}`);
    expect(await answerOf(box, free)).toBe(`run ${free.run.run}`);
    await box.close();
  });

  test('below themselves are refused, in one family or with what is there; a line of any other kind is taken (P228)', async () => {
    const { box, lines } = await opened(later());
    expect(await answerOf(box, [as('x', 'p'), as('p', 'q'), as('q', 'p')])).toContain('it stands below itself');
    expect(await answerOf(box, as('p', 'q'))).toBe('run p');
    expect(await answerOf(box, as('q', 'p'))).toContain('it stands below itself');
    expect(await answerOf(box, [as('s', 'r'), as('r', 'p')])).toBe('run s');
    // What comes along counts, not what is there under another name.
    expect(await answerOf(box, [as('q', null), as('t', 'q')])).toBe('run q');
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    await box.close();
  });

  test('need the runs that they wait for: there, beside them, or named, ten at the most (P228)', async () => {
    const { flight, below } = all;
    const first = await opened(later());
    expect(await answerOf(first.box, flight)).toContain(
      `it waits for "${below.run.run}", which this store does not have`,
    );
    await first.box.import(below);
    expect(await answerOf(first.box, flight)).toBe('run r');
    const many = (count: number): Broken =>
      changed((copy) => Object.assign(copy.forImport, { needs: Array.from({ length: count }, (_, at) => `n${at}`) }));
    expect(await answerOf(first.box, many(10))).toContain('"n8", "n9", which');
    expect(await answerOf(first.box, many(11))).toContain('"n8", "n9", …, which');
    await first.box.close();
  });
});

describe('a commit that comes too late', () => {
  const errors: readonly (readonly [string, () => Error])[] = [
    ['run-exists', () => new RunExists({ run: 'held', orchestrator: 'ending', differs: 'input' } as never)],
    ['commit-conflict', () => new CommitConflict({ run: 'held', after: 0 } as never)],
    ['lease-lost', () => new LeaseLost({ run: 'held', fence: 1 } as never)],
  ];
  const broken = async (error: () => Error, lands: boolean) => {
    const inner = memory();
    let times = 0;
    const commit: Store['commit'] = (changes) => {
      times += 1;
      if (times > 1) return inner.commit(changes);
      if (lands) void inner.commit(changes);
      throw error();
    };
    return opened(later(wrapped({ commit }, inner)));
  };

  test.each(errors)(
    'by %s is none if the very run is there, and is told if it is not (S17, P228)',
    async (code, error) => {
      const there = await broken(error, true);
      expect(await answerOf(there.box, all.paused)).toBe('run held');
      expect(there.lines).toEqual([]);
      await there.box.close();
      const gone = await broken(error, false);
      expect(await answerOf(gone.box, all.paused)).toContain(`${code}: `);
      expect(gone.lines.filter(({ level }) => level === 'info')).toEqual([]);
      await gone.box.close();
    },
  );
});
