/**
 * Servers that are well behind a network that is not: slow, silent for a while, or silent on one of the connections only.
 *
 * `SIGNALBOX_CHAOS=1` has it slower, and boxes closed behind a network that stays silent.
 */
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import type { AnyOrchestrator, Signalbox, Store } from 'signalbox';
import { orchestrator, task, track } from 'signalbox';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { newSchema, useServer } from '../helpers/postgres.ts';
import { type Network, proxyOf } from '../helpers/proxy.ts';
import { isLong, oneIn } from '../helpers/form.ts';
import { anyServer, hasRedis, newPrefix, type Server, WHY_NOT } from '../helpers/redis.ts';
import { Load, pause } from './harm.ts';

const CHAOS = process.env.SIGNALBOX_CHAOS !== undefined;
const Any = z.any();

interface Place {
  /** A store that goes to the server by this port. */
  at(port: number): Store;
  readonly port: number;
}

async function proxied(place: Place): Promise<Network> {
  const proxy = await proxyOf(place.port);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** A body that waits, and what happened to each call of it. */
function long() {
  const calls: string[] = [];
  const go = Promise.withResolvers<string>();
  const work = task('work', {
    input: Any,
    output: Any,
    run: ({ signal }) => {
      const index = calls.push('runs') - 1;
      signal.addEventListener('abort', () => {
        calls[index] = (signal.reason as { readonly code?: string }).code ?? String(signal.reason);
      });
      return go.promise;
    },
  });
  const flow = orchestrator('long', { version: '1', input: Any }).track(
    't',
    track('t', { input: Any }).step('work', work),
  );
  return { flow: flow as AnyOrchestrator, calls, go };
}

const asks = orchestrator('asks', { version: '1', input: Any }).track(
  't',
  track('t', { input: Any }).wait('asked', { signal: 'go', payload: Any }),
) as AnyOrchestrator;

const start = (box: Signalbox, flow: AnyOrchestrator, id: string) =>
  box.start(flow as never, { id, input: null } as never);

function networks(make: () => Place, delays: readonly number[] = CHAOS ? [300, 2_000] : [300]): void {
  test.each(delays)(
    'a server that answers after %d ms: nothing completed is done again, and unless that is most of a lease none is lost (I2, I6)',
    async (delay) => {
      const place = make();
      const proxies = [await proxied(place), await proxied(place)];
      // Long enough that a machine with much to do is not what makes a sign of life late; and for all of a lease it is slow.
      const load = delay < 1_000 ? new Load(() => place.at(place.port), '6s') : new Load(() => place.at(place.port));
      for (const proxy of proxies) await load.box(10, place.at(proxy.port));
      for (const proxy of proxies) proxy.delay = delay / 2;
      await pause(Math.max(6_000, 6 * delay));
      for (const proxy of proxies) proxy.delay = 0;
      await load.finish();
      const { faults, repeats, runs } = await load.remains();
      expect(faults).toEqual([]);
      expect(load.rejected).toEqual([]);
      // Where the answer takes most of a lease, a sign of life can come too late for the others.
      if (delay < 1_000) {
        expect(load.lines.filter(({ level, message }) => level === 'warn' && message.startsWith('No sign'))).toEqual(
          [],
        );
        expect(load.errors).toEqual([]);
        expect(repeats).toBe(0);
      }
      expect(runs).toBeGreaterThan(10);
    },
    120_000,
  );

  test('a box behind a network that is silent for longer than its lease: another takes over, its own bodies are told to end, its commits are refused, and it hears the result (I2)', async () => {
    const place = make();
    const proxy = await proxied(place);
    const { flow, calls, go } = long();
    const load = new Load(() => place.at(place.port));
    const one = await load.box(0, place.at(proxy.port), [flow, asks]);
    const two = await load.box(0, place.at(place.port), [flow, asks]);
    await start(one, flow, 'r');
    await start(one, asks, 'q');
    await expect.poll(() => calls).toEqual(['runs']);
    const result = one.run('r').result();
    result.catch(() => {});
    await pause(100);

    proxy.hold();
    const signalled = one.run('q').signal('go', 1, { id: 's' });
    signalled.catch(() => {});
    await expect.poll(() => calls, { timeout: 15_000 }).toEqual(['runs', 'runs']);
    proxy.release();

    await expect.poll(() => calls, { timeout: 15_000 }).toEqual(['lease-lost', 'runs']);
    go.resolve('done');
    expect(await result).toEqual({ t: 'done' });
    // It may have been told that the store is away; the same signal again is answered as the first.
    expect(await one.run('q').signal('go', 1, { id: 's' })).toEqual({ answer: 'accepted', step: 't/asked' });
    expect(await two.run('q').result()).toEqual({ t: 1 });
    expect(load.errors.length).toBeLessThanOrEqual(6);
  }, 60_000);

  test('a box whose connection for news is silent: what is asked of it is done, and results come, by looking', async () => {
    const place = make();
    const proxies = [await proxied(place), await proxied(place)];
    const load = new Load(() => place.at(place.port));
    const boxes = [] as Signalbox[];
    for (const proxy of proxies) boxes.push(await load.box(0, place.at(proxy.port), [asks]));
    const [one, two] = boxes as [Signalbox, Signalbox];
    for (const proxy of proxies) proxy.hold('listening');
    await start(one, asks, 'r');

    const result = two.run('r').result();
    expect(await two.run('r').signal('go', 1)).toEqual({ answer: 'accepted', step: 't/asked' });
    expect(await result).toEqual({ t: 1 });
    expect(load.errors).toEqual([]);
  }, 30_000);

  test.skipIf(!CHAOS)(
    'a box behind a network that stays silent is closed within half a minute',
    async () => {
      const place = make();
      const proxy = await proxied(place);
      const load = new Load(() => place.at(place.port));
      const box = await load.box(10, place.at(proxy.port));
      await pause(300);
      proxy.hold();
      await pause(300);
      const began = Date.now();
      await box.close();
      console.log(`closed after ${Date.now() - began} ms`);
      expect(Date.now() - began).toBeLessThan(30_000);
      proxy.release();
      await load.finish();
    },
    60_000,
  );
}

describe('on Postgres', () => {
  const server = useServer();
  const make = () => {
    const schema = newSchema(server);
    const url = new URL(server.url);
    const at = (port: number, patience = '30s'): Store => {
      const there = new URL(url);
      there.port = String(port);
      return postgres(there.href, { schema, patience });
    };
    return { at, port: Number(url.port) };
  };
  // What takes long is left to Redis in the short form, where there is one.
  networks(make, isLong || !hasRedis ? undefined : []);

  test.each(oneIn(2, ['there', 'back'] as const))(
    'a network that is silent on the way %s for longer than "patience" allows: who asks is told, and when it is back all goes on, nothing is lost, and nothing that is completed is done again (I2, I3, I6, I7)',
    async (way) => {
      const place = make();
      const proxies = [await proxied(place), await proxied(place)];
      const load = new Load(() => place.at(place.port));
      // It is also how long a connection may take, which on a busy machine is more than a moment.
      for (const { port } of proxies) await load.box(8, place.at(port, '2s'));
      await load.brought(30);
      for (const proxy of proxies) proxy.hold('all', way);
      const [box] = load.boxes as [Signalbox];
      const told = box.run('r1').status();
      await expect(told).rejects.toThrow(
        /^postgres 127\.0\.0\.1\/postgres .*(did not answer for 2s|nothing answers there)/,
      );
      await pause(500);
      for (const proxy of proxies) proxy.release();
      await load.brought(load.ended + 50);
      await load.finish();
      const { faults } = await load.remains();
      expect(faults).toEqual([]);
      expect(load.rejected.filter((line) => !line.includes('store-unusable'))).toEqual([]);
      // A few lines for each box, whatever was under way: each reason once.
      expect(load.errors.length).toBeLessThanOrEqual(14);
    },
    60_000,
  );
});

describe.skipIf(!hasRedis)(`on Redis${WHY_NOT}`, () => {
  let server: Pick<Server, 'url' | 'dispose'>;
  beforeAll(async () => {
    server = await anyServer();
  });
  afterAll(() => server?.dispose());
  networks(() => {
    const prefix = newPrefix('network');
    const url = new URL(server.url);
    const at = (port: number): Store => {
      const there = new URL(url);
      there.port = String(port);
      return redis(there.href, { prefix });
    };
    return { at, port: Number(url.port) };
  });
});
