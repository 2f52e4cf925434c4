/**
 * What a box does to the world while each scenario and each play goes by is what `deeds.txt` says, call by call: what it asks of its
 * store, which timers it sets, which bodies it begins and tells to end, what it logs, traces and tells. A call more costs every
 * user something, and a call less may be one that was needed: a change there is read before it is taken over
 * (`npx vitest run test/runtime/deeds.test.ts -u`).
 */
import { createSignalbox, type Signalbox } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { busyPlays } from '../helpers/busy-plays.ts';
import { type Deeds, deedsOf } from '../helpers/deeds.ts';
import { type Play, playAll, plays } from '../helpers/plays.ts';
import { pressedPlays } from '../helpers/pressed-plays.ts';
import { called, playing, scenarios } from '../helpers/scenarios.ts';

const page = (name: string, { lines }: Pick<Deeds, 'lines'>): string => `## ${name}\n\n${lines.join('\n')}\n`;

async function pagesOf(all: readonly Play[]): Promise<string> {
  const pages: { readonly name: string; deeds?: Deeds }[] = [];
  let last: Signalbox | null = null;
  // When it has closed: what is left of it.
  const count = (): void => void pages.at(-1)?.deeds?.note(`counts ${JSON.stringify(last?.counts)}`);
  await playAll(
    (clock, desk) => {
      const deeds = deedsOf(clock, desk);
      Object.assign(pages.at(-1) as object, { deeds });
      const opened = (box: Signalbox): void => {
        deeds.listen(box);
        last = box;
      };
      return { ...deeds, opened };
    },
    (name) => {
      count();
      pages.push({ name });
    },
    all,
  );
  count();
  return pages.map(({ name, deeds }) => page(name, deeds as Deeds)).join('\n');
}

test('what a box does while scenarios go by is written down, call by call (I1, I9)', async () => {
  const pages: string[] = [];
  for (const flow of scenarios) {
    called.length = 0;
    const clock = fakeClock();
    const deeds = deedsOf(clock, null);
    const box = clock.follow(
      (await createSignalbox({ orchestrators: [flow], store: deeds.store, ...deeds.options })) as unknown as Signalbox,
    );
    deeds.listen(box);
    playing.box = box;
    await box.start(flow as never, { id: 'r', input: null } as never);
    await clock.advance('1h');
    deeds.note(`counts ${JSON.stringify(box.counts)}`);
    await box.close();
    pages.push(page(flow.name, deeds));
  }
  await expect(pages.join('\n')).toMatchFileSnapshot('./deeds-scenarios.txt');
});

test('what a box does while people say things to runs is written down, call by call', async () => {
  await expect(await pagesOf(plays)).toMatchFileSnapshot('./deeds-plays.txt');
});

test('what a box does with much at once is written down, call by call', async () => {
  await expect(await pagesOf(busyPlays)).toMatchFileSnapshot('./deeds-busy.txt');
});

test('what a box does where hooks, mappers and its store stand in the way is written down, call by call', async () => {
  await expect(await pagesOf(pressedPlays)).toMatchFileSnapshot('./deeds-pressed.txt');
});
