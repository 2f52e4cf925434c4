/** The order that waits for its customer, over real HTTP, and in a test that lets two days pass. */
import { createSignalbox } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { main, order } from './main.ts';

test('senders are told what became of their signal, and a repeated one changes nothing (S17)', async () => {
  const lines: string[] = [];
  const result = await main((line) => lines.push(line));
  expect(result).toEqual({ delivery: { parcel: '17 for mia' } });
  expect(lines.slice(0, 6).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
    'order-18/confirm: 404',
    'order-17/confrm: 422',
    'order-17/confirm: 422',
    'order-17/confirm: 422',
    'order-17/confirm: 200',
    'order-17/confirm: 200',
  ]);
  expect(lines[2]).toContain('"path":"by"');
});

test('nobody confirms for two days, and the order goes on without', async () => {
  const clock = fakeClock();
  await using box = clock.follow(await createSignalbox({ orchestrators: [order], clock }));
  const run = await box.start(order, { input: { id: '17', cents: 4200 } });
  await clock.advance('2d');
  expect(await run.result()).toEqual({ delivery: { parcel: '17 for nobody' } });
});
