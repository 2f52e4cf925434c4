/** Thousands of runs that a dead process has left, taken over by two others at once. `SIGNALBOX_CHAOS=1` has more of them. */
import {
  type AnyOrchestrator,
  createSignalbox,
  orchestrator,
  type Signalbox,
  type Store,
  task,
  track,
} from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { newSchema, useServer } from '../helpers/postgres.ts';
import { anyServer, hasRedis, newPrefix, type Server, WHY_NOT, wipe } from '../helpers/redis.ts';
import { Station } from './station.ts';

const MORE = process.env.SIGNALBOX_CHAOS === undefined ? 1 : 3;
const Any = z.any();

function takeovers(RUNS: number, make: () => { open: () => Store; wipe?: () => Promise<void> }): void {
  test(`${RUNS} runs of a dead process go on in exactly one of two others (I2, I7, P231)`, async () => {
    const place = make();
    const at = new Station({ open: place.open });
    // Which box began the body of which run.
    const begun: string[] = [];
    const go = Promise.withResolvers<void>();
    const flowIn = (name: string): AnyOrchestrator => {
      const work = task('work', {
        input: Any,
        output: Any,
        run: ({ run }) => {
          begun.push(`${name} ${run.id}`);
          return go.promise;
        },
      });
      return orchestrator('many', { version: '1', input: Any }).track(
        't',
        track('t', { input: Any }).step('work', work),
      ) as AnyOrchestrator;
    };
    try {
      const dead = flowIn('dead');
      const { box, kill } = await at.mortal([dead]);
      const runs = Array.from({ length: RUNS }, (_, index) => `r${index}`);
      for (let from = 0; from < RUNS; from += 500)
        await Promise.all(
          runs.slice(from, from + 500).map((id) => box.start(dead as never, { id, input: null } as never)),
        );
      kill();
      begun.length = 0;
      const boxes = [await at.box([flowIn('one')]), await at.box([flowIn('two')])] as Signalbox[];
      const flow = flowIn('third');
      const third = await at.box([flow]);
      await third.start(flow as never, { id: 'last', input: null } as never);
      runs.push('last');
      await expect.poll(() => begun).toEqual(['third last']);
      begun.length = 0;
      const began = Date.now();
      // Nobody is woken by time; both look when a third one lets go of what it has.
      at.clock.jump(13_000);
      await third.close();
      await expect.poll(() => begun.length, { timeout: 60_000, interval: 5 }).toBe(runs.length);
      const took = Date.now() - began;
      const shares = ['one', 'two'].map((name) => begun.filter((each) => each.startsWith(name)).length);
      console.log(`${RUNS} runs taken over in ${took} ms, ${shares.join(' and ')}`);

      expect(new Set(begun.map((each) => each.split(' ')[1])).size).toBe(runs.length);
      go.resolve();
      await Promise.all(
        boxes.flatMap((each, index) => runs.filter((_, at) => at % 2 === index).map((id) => each.run(id).result())),
      );
      expect(begun).toHaveLength(runs.length);
      expect(at.errors).toEqual([]);
    } finally {
      await at.end();
      await place.wipe?.();
    }
  }, 120_000);
}

describe('on Postgres', () => {
  const server = useServer();
  takeovers(1_500 * MORE, () => {
    const schema = newSchema(server);
    return { open: () => postgres(server.url, { schema }) };
  });

  test('a box whose lease is as short as can be, beside one of a minute, keeps its runs while the thread is busy now and then (I2)', async () => {
    const schema = newSchema(server);
    const calls: string[] = [];
    const go = Promise.withResolvers<string>();
    const work = task('work', {
      input: Any,
      output: Any,
      run: ({ key }) => {
        calls.push(key);
        return go.promise;
      },
    });
    const flow = orchestrator('o', { version: '1', input: Any }).track(
      't',
      track('t', { input: Any }).step('work', work),
    );
    const lines: string[] = [];
    const options = {
      orchestrators: [flow] as const,
      logger: ({ message, level }: { message: string; level: string }) =>
        void (level !== 'debug' && lines.push(message)),
    };
    await using short = await createSignalbox({ ...options, store: postgres(server.url, { schema }), lease: '1s' });
    await using long = await createSignalbox({ ...options, store: postgres(server.url, { schema }), lease: '1m' });
    const run = await short.start(flow, { input: null });
    for (let busy = 0; busy < 6; busy += 1) {
      for (const until = Date.now() + 300; Date.now() < until; );
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    go.resolve('done');
    expect(await long.run(run.id).result()).toEqual({ t: 'done' });
    expect(calls).toHaveLength(1);
    // On a machine with much else to do a sign of life may be late, which is told; nothing comes of it.
    expect(lines.filter((line) => !line.startsWith('No sign of life'))).toEqual([]);
  });
});

describe.skipIf(!hasRedis)(`on Redis${WHY_NOT}`, () => {
  let server: Pick<Server, 'url' | 'dispose'>;
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(() => server?.dispose());
  takeovers(5_000 * MORE, () => {
    const prefix = newPrefix('many');
    return { open: () => redis(server.url, { prefix }), wipe: () => wipe(server.url, prefix) };
  });
});
