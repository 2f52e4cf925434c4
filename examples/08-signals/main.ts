/**
 * An order that waits for its customer: a real HTTP server takes confirmations and hands them to the run as signals.
 * A wrong one is refused to whoever sent it, a repeated one changes nothing, and without any the order goes back.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { createSignalbox, orchestrator, type Signalbox, task, track } from 'signalbox';
import { z } from 'zod';

const Order = z.object({ id: z.string(), cents: z.number().int() });
const Confirmation = z.object({ order: z.string(), by: z.string() });

const ship = task('ship', {
  input: z.object({ order: z.string(), by: z.string() }),
  output: z.object({ parcel: z.string() }),
  run: ({ input }) => ({ parcel: `${input.order} for ${input.by}` }),
});

const delivery = track('delivery', { input: Order })
  .wait('confirmed', {
    signal: 'confirm',
    payload: Confirmation,
    where: ({ payload, input }) => payload.order === input.id,
    timeout: '2d',
    onTimeout: { value: null },
  })
  .step('parcel', ship, ({ input, outputs }) => ({ order: input.id, by: outputs.confirmed?.by ?? 'nobody' }));

export const order = orchestrator('order', { version: '1', input: Order }).track('delivery', delivery, {
  input: ({ input }) => input,
});

/** Signals by HTTP: `POST /order-17/confirm`. The sender's own key tells a repetition from a new signal. */
async function handle(box: Pick<Signalbox, 'signal'>, request: IncomingMessage): Promise<readonly [number, object]> {
  const [, run = '', name = ''] = (request.url ?? '').split('/');
  const id = request.headers['idempotency-key'];
  const answer = await box.signal(run, name, await json(request), typeof id === 'string' ? { id } : {});
  const status = { accepted: 200, buffered: 202, refused: 422, noSuchRun: 404 }[answer.answer];
  return [status, answer];
}

export async function main(print: (line: string) => void = console.log): Promise<unknown> {
  await using box = await createSignalbox({ orchestrators: [order] });
  const server = createServer((request, response) => {
    void handle(box, request).then(([status, body]) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const send = async (path: string, body: object, key: string): Promise<void> => {
    const response = await fetch(`${url}/${path}`, {
      method: 'POST',
      headers: { 'idempotency-key': key },
      body: JSON.stringify(body),
    });
    print(`${path}: ${response.status} ${await response.text()}`);
  };
  try {
    const run = await box.start(order, { id: 'order-17', input: { id: '17', cents: 4200 } });
    await send('order-18/confirm', { order: '18', by: 'mia' }, 'a');
    await send('order-17/confrm', { order: '17', by: 'mia' }, 'b');
    await send('order-17/confirm', { order: '17' }, 'c');
    await send('order-17/confirm', { order: '16', by: 'mia' }, 'd');
    await send('order-17/confirm', { order: '17', by: 'mia' }, 'e');
    await send('order-17/confirm', { order: '17', by: 'mia' }, 'e');
    const result = await run.result();
    print(JSON.stringify(result));
    return result;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

if (import.meta.main) await main();
