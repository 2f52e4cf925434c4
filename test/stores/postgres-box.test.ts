/** Boxes on Postgres: what ends there as it does in memory, and what one box goes on with when another is gone. */
import {
  type AnyOrchestrator,
  createSignalbox,
  memory,
  orchestrator,
  type Store,
  task,
  track,
  type Signalbox,
} from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { expect, onTestFinished, test } from 'vitest';
import { newSchema, query, until, useServer } from '../helpers/postgres.ts';
import { oneIn } from '../helpers/form.ts';
import { called, playing, scenarios } from '../helpers/scenarios.ts';
import { Anything, faultsOfHistory, historyOf, hurriedClock } from '../helpers/stage.ts';

const server = useServer();
const quiet = () => {};

/** Who sleeps for less than another wins a race: on a server not before the other one has got as far as it gets. */
const PATIENCE = 200;

async function play(each: AnyOrchestrator, store: Store, clock = hurriedClock()) {
  called.length = 0;
  await using box = await createSignalbox({ orchestrators: [each], store, clock, logger: quiet });
  playing.box = box as unknown as Signalbox;
  const run = await box.start(each, { id: 'r', input: null });
  const { status, output, outputs } = await run.outcome();
  const [history, faults] = [await historyOf(run), await faultsOfHistory(run)];
  return { status, output, outputs, history: history.sort(), faults, called: [...called].sort() };
}

test.each(oneIn(6, scenarios).map((each) => [each.name, each] as const))(
  'a run ends as in memory, with the same history and the same calls: %s (P89)',
  async (_, each) => {
    const schema = newSchema(server);
    expect(await play(each, postgres(server.url, { schema }), hurriedClock(PATIENCE))).toEqual(
      await play(each, memory()),
    );
    expect(await query(server, schema, 'select * from leases')).toEqual([]);
  },
);

test('a run whose process has gone without a word is ended by another, when the lease has ended (I6, P231)', async () => {
  const schema = newSchema(server);
  const bodies: string[] = [];
  const held = new Promise<never>(() => {});
  const flow = (name: string, second: () => Promise<unknown>) => {
    const step = (id: string, run: () => Promise<unknown>) =>
      task(id, {
        input: Anything,
        output: Anything,
        run: async () => {
          bodies.push(`${id} on ${name}`);
          return await run();
        },
      });
    const steps = track('t', { input: Anything })
      .step(
        'one',
        step('first', async () => 1),
      )
      .step('two', step('second', second));
    return orchestrator('flow', { version: '1', input: Anything }).track('t', steps, { input: ({ input }) => input });
  };
  const opened = async (name: string, second: () => Promise<unknown>) => {
    const store = postgres(server.url, { schema });
    const each = flow(name, second);
    const box = await createSignalbox({ orchestrators: [each], store, lease: '900ms', logger: quiet });
    return { box, each, store };
  };
  const one = await opened('one', () => held);
  await one.box.start(one.each, { id: 'r', input: null });
  await until(() => bodies.includes('second on one'));
  // From here on it gives no sign of life, and does not let go.
  Object.assign(one.store, { renew: () => {}, claim: () => [] });
  const two = await opened('two', async () => 2);
  onTestFinished(async () => {
    await two.box.close();
    await one.box.close();
  });
  await until(async () => (await two.store.readRun('r'))?.status === 'completed');
  expect(bodies).toEqual(['first on one', 'second on one', 'second on two']);
});
