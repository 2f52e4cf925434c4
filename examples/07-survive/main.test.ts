/** The run that outlives its box, with real requests and real files. */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('a run goes on in another box: what was completed is not fetched again, what was in flight is (I6, P33)', async () => {
  const { asked, pages } = await main(() => {});
  expect(asked).toEqual(['/home', '/about', '/about']);
  expect(pages).toEqual(['<h1>/about</h1>', '<h1>/home</h1>']);
});
