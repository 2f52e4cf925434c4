/** Restoring: whatever happens to a state file, a run goes on from it or from the one before, and it is said which (P228). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSignalbox, type LogLine, memory, program, task } from 'signalbox';
import { restoreFrom, stateFile } from 'signalbox/files';
import { sqlite } from 'signalbox/sqlite';
import { describe, expect, test } from 'vitest';
import { newFile } from '../helpers/files.ts';
import { Anything, never, settled, stage } from '../helpers/stage.ts';

const work = task('work', { input: Anything, output: Anything, run: never });
const plan = program('plan', {
  version: '1',
  input: Anything,
  phases: { first: { tasks: { one: work } }, second: { tasks: { two: work } } },
});

async function opened(store = memory()) {
  const { desk, clock, lines: all, options } = stage();
  const lines: LogLine[] = [];
  const logger = (line: LogLine): void =>
    void (line.level === 'warn' || line.level === 'error' ? lines : all).push(line);
  const box = clock.follow(await createSignalbox({ orchestrators: [plan], ...options, logger, store }));
  return { box, desk, clock, lines };
}

/** A state file of a run that stands in its second phase, and the one before it, of its first. */
async function written(): Promise<{ readonly last: string; readonly before: string }> {
  const { box, desk } = await opened();
  const run = await box.start(plan, { id: 'r', input: 'für Größen 😀' });
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
  const path = join(folder, 'plan.json');
  await settled(box);
  const file = await stateFile(box, run, path, { program: plan });
  const before = readFileSync(path, 'utf8');
  desk.give('first/work/one#1');
  await settled(box);
  await file.close();
  await box.close();
  const last = readFileSync(path, 'utf8');
  rmSync(folder, { recursive: true });
  return { last, before };
}
const { last, before } = await written();
const [lastEvent, earlierEvent] = [last, before].map((text) => JSON.parse(text).event as number) as [number, number];

/** Both files as they are given, and what comes of them in a box that has nothing. */
async function restored(files: { readonly last: string | Buffer | null; readonly before: string | null }) {
  const path = newFile('plan.json');
  if (files.last !== null) writeFileSync(path, files.last);
  if (files.before !== null) writeFileSync(`${path}-before`, files.before);
  const made = await opened();
  const answer = await restoreFrom(made.box, path).catch((error: Error) => error);
  return { ...made, path, answer };
}

describe('restoreFrom', () => {
  test('goes on with a run where its file ends, and does nothing that was done again (P228, I6)', async () => {
    const { box, desk, answer, path, lines } = await restored({ last, before });
    if (answer instanceof Error) throw answer;
    expect(answer).toMatchObject({ file: path, event: lastEvent, fault: null, wasThere: false });
    await settled(box);
    expect(desk.begun).toEqual(['second/work/two#1']);
    desk.give('second/work/two#1');
    expect(await answer.run.outcome()).toMatchObject({ status: 'completed' });
    expect(lines).toEqual([]);
    await box.close();
  });

  test('changes nothing of a run that the store has, as far as the file or further (P228)', async () => {
    const { box, desk, answer, path } = await restored({ last, before });
    if (answer instanceof Error) throw answer;
    await settled(box);
    desk.give('second/work/two#1');
    await answer.run.outcome();
    const exported = await answer.run.export();
    expect(await restoreFrom(box, path)).toMatchObject({ wasThere: true });
    expect(await answer.run.export()).toEqual(exported);
    await box.close();
  });

  test.each<[string, string | null, RegExp]>([
    ['is missing', null, /it is missing/],
    ['is empty', '', /it is empty/],
    ['is none', '[1, 2]', /not a state file/],
    ['is no JSON', 'later', /changed/],
  ])(
    'takes the one before where the file %s, and says so in the answer and in the log (P228)',
    async (_, text, fault) => {
      const { box, desk, answer, path, lines } = await restored({ last: text, before });
      if (answer instanceof Error) throw answer;
      expect(answer).toMatchObject({ file: `${path}-before`, event: earlierEvent, wasThere: false });
      expect(answer.fault).toMatch(fault);
      expect(lines).toMatchObject([
        { level: 'warn', run: 'r', message: expect.stringContaining('what came after that is not there') },
      ]);
      expect(lines[0]?.message).toContain(answer.fault as string);
      await settled(box);
      expect(desk.begun).toEqual(['first/work/one#1']);
      await box.close();
    },
  );

  test('takes the one before wherever the file is cut, and never half of it (P228)', { timeout: 60_000 }, async () => {
    const bytes = Buffer.from(last);
    // Without the line break at its end it is as good.
    const cuts = new Set([0, 1, 2, bytes.length - 2, bytes.length - 3]);
    for (let at = 0; at < bytes.length - 1; at += 97) cuts.add(at);
    for (const at of cuts) {
      const { box, answer } = await restored({ last: bytes.subarray(0, at) as Buffer, before });
      if (answer instanceof Error) throw answer;
      expect([at, answer.event, answer.fault === null]).toEqual([at, earlierEvent, false]);
      await box.close();
    }
  });

  test('takes the one before wherever a bit of the file has turned (P228)', { timeout: 60_000 }, async () => {
    const bytes = Buffer.from(last);
    for (let at = 0; at < bytes.length - 1; at += 89) {
      const turned = Buffer.from(bytes);
      turned[at] = (turned[at] as number) ^ (1 << (at % 8));
      const { box, answer } = await restored({ last: turned, before });
      if (answer instanceof Error) throw answer;
      // What is between values says nothing, and a bit of it may turn into other white space.
      if (answer.fault === null) expect(JSON.parse(turned.toString())).toEqual(JSON.parse(last));
      else expect(answer.event).toBe(earlierEvent);
      await box.close();
    }
  });

  test('says what is wrong with both, and imports nothing, where neither can be read (P228)', async () => {
    const { box, answer, path } = await restored({ last: last.slice(0, 500), before: null });
    expect(answer).toMatchObject({ code: 'state-file-unusable' });
    expect((answer as Error).message).toContain(`${path}: it is cut short or was changed`);
    expect((answer as Error).message).toContain(`${path}-before: it is missing`);
    expect((await box.runs()).runs).toEqual([]);
    await expect(restoreFrom(box, '')).rejects.toMatchObject({ code: 'option-invalid' });
    await box.close();
  });

  test('takes a file that somebody has set otherwise, and refuses one in which somebody has changed a value (P228)', async () => {
    const set = JSON.stringify(JSON.parse(last));
    const { box, answer } = await restored({ last: set, before: null });
    expect(answer).toMatchObject({ event: lastEvent, fault: null });
    await box.close();
    const changed = last.replace('für Größen', 'fuer Groessen');
    const other = await restored({ last: changed, before: null });
    expect(other.answer).toMatchObject({ code: 'state-file-unusable', message: /its checksum is of something else/ });
    await other.box.close();
  });

  test('refuses a file that is ahead of the store, as after a backup of that one, with what to do (P228)', async () => {
    const { box, path } = await restored({ last: before, before: null });
    writeFileSync(path, last);
    await expect(restoreFrom(box, path)).rejects.toMatchObject({ code: 'import-refused', message: /stands at event/ });
    await box.close();
  });

  test('brings a run back into a SQLite store that was lost (P228)', async () => {
    const path = newFile('plan.json');
    writeFileSync(path, last);
    const place = newFile();
    const first = await opened(sqlite(place));
    await restoreFrom(first.box, path);
    await first.box.close();
    const second = await opened(sqlite(place));
    await second.box.recovered;
    await settled(second.box);
    expect(second.desk.begun).toEqual(['second/work/two#1']);
    expect(await restoreFrom(second.box, path)).toMatchObject({ wasThere: true });
    await second.box.close();
    rmSync(place, { force: true });
  });
});
