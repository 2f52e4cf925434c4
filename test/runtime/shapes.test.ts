/**
 * What V8 has compiled for steps outlives a collection that finds no run under way (`runtime/shapes.ts`). A process plays many
 * short runs, collects its garbage when nothing is under way, and says which functions V8 has thrown away because
 * something in them was gone; and another how many numbers there are that take room of their own.
 */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const index = new URL('../../src/index.ts', import.meta.url).href;

const FLOW = `
  import * as s from ${JSON.stringify(index)};
  const Any = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
  const step = s.task('step', { input: Any, output: Any, run: async ({ input }) => input });
  const names = Array.from({ length: 20 }, (_, at) => 's' + at);
  const tasks = names.map((name) => ({ name, task: step, input: () => 1 }));
  const chain = s.defineTrack({ name: 'chain', tasks });
  const flow = s.defineOrchestrator({ name: 'flow', version: '1', input: Any, tracks: { chain } });
  const open = (store) => s.createSignalbox({ orchestrators: [flow], store, logger: () => {} });
  const some = async (box) => {
    for (let at = 0; at < 60; at += 1) await (await box.start(flow, { input: null })).result();
  };
  const collect = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    gc();
  };
`;

/** What a process says that plays a script, and that it ended well. */
function said(flags: readonly string[], script: string): string {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--expose-gc', ...flags, '--input-type=module', '--eval', `${FLOW}${script}`],
    { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
  );
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

/** Steps, from the message to the row; each of them was thrown away at every collection before. */
const HOT = ['Attempt', 'JobContext', 'Changes', 'Pending', 'rowOf', 'actorRows', 'spawn', '#deliver', '#execute'];

test('what is compiled for steps stays when no run is left', () => {
  const stdout = said(
    ['--trace-deopt'],
    `
    await using box = await open(s.memory());
    for (let round = 0; round < 6; round += 1) {
      await some(box);
      await collect();
    }
  `,
  );
  // That anything was compiled at all, and that this V8 still says so in these words.
  expect(stdout).toMatch(/reason: dependent|reason: wrong map/);
  const gone = [...stdout.matchAll(/<SharedFunctionInfo ([^>]*)>.*embedded weak objects cleared/g)].map(
    ([, name]) => name,
  );
  expect(gone.filter((name) => HOT.includes(name as string))).toEqual([]);
});

test('nothing of a box stays with it: neither its store nor what a run was started with', () => {
  const stdout = said(
    [],
    `
    const used = async () => {
      const store = s.memory();
      const box = await open(store);
      await some(box);
      const input = { of: 'a run' };
      const run = await box.start(flow, { input });
      await run.result();
      await box.close();
      return [store, box, input, run].map((each) => new WeakRef(each));
    };
    const refs = await used();
    for (let round = 0; round < 5; round += 1) await collect();
    console.log(JSON.stringify(refs.map((ref) => ref.deref() === undefined)));
  `,
  );
  expect(JSON.parse(stdout)).toEqual([true, true, true, true]);
});

test('the hour of a turn is one number, however many places and events have it', () => {
  const tracks = 1_000;
  const stdout = said(
    [],
    `
    import { getHeapSnapshot } from 'node:v8';
    import { text } from 'node:stream/consumers';
    const numbers = async () => {
      await collect();
      const { snapshot, nodes } = JSON.parse(await text(getHeapSnapshot()));
      const { node_fields: fields, node_types: [types] } = snapshot.meta;
      const isNumber = (_, at) => at % fields.length === fields.indexOf('type') && types[nodes[at]] === 'number';
      return nodes.filter(isNumber).length;
    };
    let begun = 0;
    const waits = s.task('waits', { input: Any, output: Any, run: () => ((begun += 1), new Promise(() => {})) });
    const track = s.defineTrack({ name: 'track', tasks: [{ name: 'waits', task: waits, input: () => 1 }] });
    const wides = Array.from({ length: ${tracks} }, (_, at) => ['t' + at, track]);
    const wide = s.defineOrchestrator({ name: 'wide', version: '1', input: Any, tracks: Object.fromEntries(wides) });
    const box = await s.createSignalbox({ orchestrators: [flow, wide], logger: () => {} });
    await some(box);
    const before = await numbers();
    await box.start(wide, { input: null });
    while (begun < ${tracks}) await new Promise((resolve) => setTimeout(resolve, 5));
    console.log((await numbers()) - before);
    process.exit(0);
  `,
  );
  // Ten for each track were there: two places with two times, their rows with as many, and two events.
  expect(Number(stdout)).toBeLessThan(tracks);
});
