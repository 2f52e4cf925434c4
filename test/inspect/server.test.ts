/** The inspector's own server: who may look, what a viewer gets, and what a viewer cannot do. Over real sockets. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type AnyOrchestrator, createSignalbox, orchestrator, type Run, track } from 'signalbox';
import { inspectorServer, type WireEvent } from 'signalbox/inspect';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Anything, rejection, stage, steps, work } from '../helpers/stage.ts';

const order = orchestrator('order', { version: '1', input: Anything }).track(
  't',
  steps('t', 'one', 'two') as never,
) as unknown as AnyOrchestrator;

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function opening(options: object = {}) {
  const { desk, clock, options: given } = stage();
  const box = clock.follow(await createSignalbox({ ...given, orchestrators: [order] }));
  opened.push(box);
  const run = (await box.start(order, { id: 'order-17', input: null } as never)) as Run;
  await clock.advance(0);
  const server = await inspectorServer(box, options);
  opened.push(server);
  return { box, run, desk, clock, server };
}

const TEXT = 'x'.repeat(900_000);

/** What a client of WebSockets says first. */
function upgrade(feed: string, key = btoa('0123456789abcdef')): string {
  const [path] = /\/feed.*$/.exec(feed) ?? [];
  const head = ['Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  return [`GET ${path} HTTP/1.1`, ...head, `Sec-WebSocket-Key: ${key}`, '', ''].join('\r\n');
}

/** When the server's end of the next connection is closed: the other end does not see that as long as it does not read. */
async function closingOfNext(): Promise<void> {
  const accepted = await new Promise<Duplex>((resolve) => {
    const take = (message: unknown): void => {
      unsubscribe('net.server.socket', take);
      resolve((message as { readonly socket: Duplex }).socket);
    };
    subscribe('net.server.socket', take);
  });
  await new Promise((resolve) => accepted.on('close', resolve));
}

/** A box of which it is known how many wait for events of its runs, and how often a run was looked at. */
function counting(box: { run(id: string): Run }) {
  const counted = {
    following: 0,
    looks: 0,
    box: {
      run(id: string) {
        const run = box.run(id);
        return {
          id,
          history: (options: object) => run.history(options),
          status: () => run.status(),
          inspected() {
            counted.looks += 1;
            return run.inspected();
          },
          async *events(options: object) {
            counted.following += 1;
            try {
              yield* run.events(options);
            } finally {
              counted.following -= 1;
            }
          },
        };
      },
    },
  };
  return counted;
}

/** A viewer with all that it was sent, and how it was let go. */
function viewing(url: string, options: object = {}) {
  const socket = new WebSocket(url, options);
  const events: WireEvent[] = [];
  socket.on('message', (data) => events.push(JSON.parse(String(data))));
  const over = new Promise<string>((resolve) => {
    socket.on('close', (code, reason) => resolve(`${code} ${reason}`.trim()));
    socket.on('unexpected-response', (_, response) => resolve(`refused ${response.statusCode}`));
    socket.on('error', () => {});
  });
  const standing = (session: string): unknown =>
    events
      .flatMap((each) => (each.type !== '@xstate.event' && each.sessionId === session ? [each.snapshot.value] : []))
      .at(-1);
  return { socket, events, over, standing };
}

async function get(url: string, headers: object = {}, method = 'GET') {
  return new Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
    const asked = request(url, { method, headers: headers as never }, (response) => {
      let body = '';
      response.on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('a viewer', () => {
  test('that comes late gets every actor first and then what follows, and is let go when the run has ended', async () => {
    const { desk, clock, server } = await opening();
    desk.give('t/one#1');
    await clock.advance(0);
    const viewer = viewing(server.feed('order-17'));
    await expect.poll(() => viewer.standing('order-17/t/two')).toBe('running');
    const types = viewer.events.map(({ type, sessionId }) => `${type} ${sessionId}`);
    expect(types.slice(0, 4)).toEqual([
      '@xstate.actor order-17',
      '@xstate.actor order-17/t',
      '@xstate.actor order-17/t/one',
      '@xstate.actor order-17/t/two',
    ]);
    expect(viewer.standing('order-17')).toEqual({ running: { t: 'two' } });
    desk.give('t/two#1');
    await clock.advance(0);
    expect(await viewer.over).toBe('1000 the run has ended');
    expect(viewer.standing('order-17')).toBe('completed');
  });

  test('is one of any number, each of whom is told all of it', async () => {
    const { desk, clock, server } = await opening();
    const viewers = [viewing(server.feed('order-17')), viewing(server.feed('order-17'))];
    for (const each of viewers) await expect.poll(() => each.standing('order-17/t/one')).toBe('running');
    viewers[0]?.socket.terminate();
    desk.give('t/one#1');
    await clock.advance(0);
    desk.give('t/two#1');
    await clock.advance(0);
    expect(await viewers[1]?.over).toBe('1000 the run has ended');
    expect(viewers[1]?.standing('order-17')).toBe('completed');
  });

  test('that leaves is forgotten: nobody reads the run any more', async () => {
    const { box } = await opening();
    const counted = counting(box);
    await using server = await inspectorServer(counted.box);
    const viewer = viewing(server.feed('order-17'));
    await expect.poll(() => counted.following).toBe(1);
    viewer.socket.close();
    expect(await viewer.over).toMatch(/^1005/);
    await expect.poll(() => counted.following).toBe(0);
  });

  test.each<[string, (socket: WebSocket) => void, string]>([
    ['says something', (socket) => socket.send('{"type":"@xstate.event"}'), '1008 viewers say nothing'],
    ['says what cannot be read', (socket) => socket.send(Buffer.from([0, 255, 254])), '1008 viewers say nothing'],
    ['sends very much at once', (socket) => socket.send(Buffer.alloc(1_000_000)), '1009'],
  ])('that %s is let go, and nobody else is', async (_, act, code) => {
    const { desk, clock, server } = await opening();
    const [bad, good] = [viewing(server.feed('order-17')), viewing(server.feed('order-17'))];
    await expect.poll(() => bad.events.length > 0 && good.events.length > 0).toBe(true);
    act(bad.socket);
    expect(await bad.over).toBe(code);
    for (const step of ['one', 'two']) {
      desk.give(`t/${step}#1`);
      await clock.advance(0);
    }
    expect(await good.over).toBe('1000 the run has ended');
  });

  test('that sends no WebSocket but noise is let go', async () => {
    const { server } = await opening();
    const socket = connect(server.port, '127.0.0.1');
    socket.write(upgrade(server.feed('order-17'), 'nonsense'));
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    await new Promise((resolve) => socket.on('close', resolve));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('that does not read is sent no more than fits between both, and let go after a while', async () => {
    const { options } = stage();
    const large = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].reduce(
      (made, name) => made.track(name, track(name, { input: Anything }).step('s', work, () => TEXT) as never) as never,
      orchestrator('large', { version: '1', input: Anything }),
    ) as unknown as AnyOrchestrator;
    await using box = await createSignalbox({ ...options, orchestrators: [large] });
    const run = (await box.start(large, { id: 'large', input: null } as never)) as Run;
    const counted = counting(box);
    await using server = await inspectorServer(counted.box, { patience: '500ms', outputs: true });
    const letGo = closingOfNext();
    const socket = connect(server.port, '127.0.0.1').pause();
    socket.write(upgrade(server.feed('large')));
    let read = 0;
    socket.on('data', (data) => {
      read += data.length;
    });
    socket.on('error', () => {});
    const gone = new Promise((resolve) => socket.on('close', resolve));
    await expect.poll(() => counted.looks).toBeGreaterThan(0);
    const { looks } = counted;
    // It goes on meanwhile, and nobody reads it for this viewer.
    await run.cancel();
    expect(await run.status()).toBe('cancelling');
    await letGo;
    expect(counted.looks).toBe(looks);
    socket.resume();
    await gone;
    expect(read).toBeGreaterThan(0);
    // Each of ten inputs is told twice.
    expect(read).toBeLessThan(15 * TEXT.length);
  });
});

describe('who may look', () => {
  test.each<[string, (url: URL) => void, object, number]>([
    ['no token', (url) => url.searchParams.delete('token'), {}, 401],
    ['a wrong token', (url) => url.searchParams.set('token', 'x'.repeat(21)), {}, 401],
    [
      'half of the token',
      (url) => url.searchParams.set('token', (url.searchParams.get('token') ?? '').slice(0, 10)),
      {},
      401,
    ],
    ['a page from elsewhere', () => {}, { origin: 'http://evil.example' }, 403],
    ['a page without an origin', () => {}, { origin: 'null' }, 403],
    ['no run', (url) => url.searchParams.delete('run'), {}, 400],
    ['a run that is not there', (url) => url.searchParams.set('run', 'nobody'), {}, 404],
    ['what is no id', (url) => url.searchParams.set('run', ''), {}, 400],
    [
      'another path',
      (url) => {
        url.pathname = '/elsewhere';
      },
      {},
      404,
    ],
  ])('with %s nobody is let in', async (_, change, headers, status) => {
    const { server } = await opening();
    const feed = new URL(server.feed('order-17'));
    change(feed);
    const viewer = viewing(String(feed), { headers });
    expect(await viewer.over).toBe(`refused ${status}`);
    const page = new URL(server.page('order-17'));
    change(page);
    const answer = await get(String(page), headers);
    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain('order-17');
    expect(viewer.events).toEqual([]);
  });

  test('pages and drawings are there to be read, by this page alone, and tell nobody of the token', async () => {
    const { server } = await opening();
    const page = await get(server.page('order-17'));
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'nonce-[\w-]{21}'; style-src 'nonce/,
    );
    expect(page.headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
    });
    expect(page.headers['access-control-allow-origin']).toBeUndefined();
    expect(page.body).not.toContain(server.token);
    expect((await get(server.page('order-17'))).body).not.toBe(page.body);
    const drawing = await get(server.page('order-17').replace('/?', '/diagram.svg?'));
    expect(drawing.body).toMatch(/^<svg /);
    expect(drawing.headers['content-security-policy']).toBe('sandbox');
    expect((await get(server.page('order-17'), {}, 'POST')).status).toBe(405);
    expect((await get(server.page('order-17'), {}, 'HEAD')).status).toBe(405);
    expect((await get(`http://127.0.0.1:${server.port}//`)).status).toBe(400);
  });

  test('it listens on this machine alone, and each time with another token', async () => {
    const [{ server }, other] = [await opening(), await opening()];
    expect(server.feed('a/b c&d')).toBe(`ws://127.0.0.1:${server.port}/feed?run=a%2Fb+c%26d&token=${server.token}`);
    expect(server.token).not.toBe(other.server.token);
    expect(server.token.length).toBeGreaterThan(20);
  });
});

describe('what ends it', () => {
  test('a run that is deleted, and a box that is closed, end what is watched, and say so', async () => {
    const { box, run, desk, clock, server } = await opening();
    const viewer = viewing(server.feed('order-17'));
    await expect.poll(() => viewer.events.length).toBeGreaterThan(0);
    await box.close();
    expect(await viewer.over).toBe('1001 box-closed');
    expect(await viewing(server.feed('order-17')).over).toBe('refused 503');
    expect((await get(server.page('order-17'))).status).toBe(503);
    void [run, desk, clock];
  });

  test('closing it lets go of every viewer and of the port, also where one does not answer', async () => {
    const { box, server } = await opening();
    const { port } = server;
    const viewer = viewing(server.feed('order-17'));
    await expect.poll(() => viewer.events.length).toBeGreaterThan(0);
    await get(server.page('order-17'));
    await Promise.all([server.close(), server.close()]);
    expect(await viewer.over).toBe('1001 the inspector is closed');
    await using next = await inspectorServer(box, { port });
    expect(next.port).toBe(port);
  });

  test('a port that is taken is refused in words', async () => {
    const { box, server } = await opening();
    expect(await rejection(inspectorServer(box, { port: server.port }))).toMatchObject({
      code: 'option-invalid',
      fields: { option: 'port', value: server.port, expected: 'one that is free, or 0 for any that is' },
    });
    expect(await rejection(inspectorServer(box, { host: '203.0.113.1' }))).toMatchObject({
      fields: { option: 'host' },
    });
  });

  test.each<[string, unknown]>([
    ['port', -1],
    ['port', '80'],
    ['port', 70_000],
    ['host', ''],
    ['token', 'short'],
    ['token', 17],
    ['outputs', 1],
    ['tokens', 'x'],
  ])('option "%s" cannot be %o', async (option, value) => {
    const { box } = await opening();
    const error = await rejection(inspectorServer(box, { [option]: value }));
    expect(error).toMatchObject({ code: 'option-invalid', fields: { option } });
    if (value === 'short') expect(error.message).not.toContain('short"');
    expect(await rejection(inspectorServer({} as never))).toMatchObject({ fields: { option: 'box' } });
    expect(await rejection(inspectorServer(box, { patience: 'long' as never }))).toMatchObject({
      code: 'duration-invalid',
    });
  });
});
