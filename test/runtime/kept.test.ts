/**
 * What each scenario and each play writes, commit by commit, with what was called in between, is what `kept.txt` and `kept-plays.txt`
 * say. Rows outlive the version that wrote them: a change in those files is a change in what users have on their disks, and is read
 * before it is taken over (`npx vitest run test/runtime/kept.test.ts -u`).
 */
import { createSignalbox, type Signalbox, type Store } from 'signalbox';
import { expect, test } from 'vitest';
import { type Keeping, keeping } from '../helpers/kept.ts';
import { playAll } from '../helpers/plays.ts';
import { called, playing, scenarios } from '../helpers/scenarios.ts';
import { hurriedClock, soon } from '../helpers/stage.ts';

/** What was called before a commit stands before it. */
function withCalls({ store, note }: Keeping): { readonly store: Store; readonly told: () => void } {
  const told = (): void => {
    for (const key of called.splice(0)) note(`called ${key}`);
  };
  const commit: Store['commit'] = (changes) => {
    told();
    return store.commit(changes);
  };
  return { store: { ...store, commit }, told };
}

async function played(flow: (typeof scenarios)[number]): Promise<string> {
  called.length = 0;
  const clock = hurriedClock();
  const kept = keeping(clock.now());
  const { store, told } = withCalls(kept);
  await using box = await createSignalbox({
    orchestrators: [flow],
    store,
    clock,
    logger: ({ level, message }) => level !== 'debug' && kept.note(`log ${level} ${message}`),
  });
  playing.box = box as unknown as Signalbox;
  const run = await box.start(flow as never, { id: 'r', input: null } as never);
  await soon((run as { outcome(): Promise<unknown> }).outcome());
  told();
  return `## ${flow.name}\n\n${kept.lines.join('\n')}\n`;
}

test('what is kept of a run is what older and newer versions read: each row of each commit of each scenario (P234, I3)', async () => {
  const pages: string[] = [];
  for (const flow of scenarios) pages.push(await played(flow));
  await expect(pages.join('\n')).toMatchFileSnapshot('./kept.txt');
});

test('what is kept of what people say to runs is what older and newer versions read (P234, I3)', async () => {
  const plays: { readonly name: string; kept?: Keeping }[] = [];
  await playAll(
    (clock) => {
      const kept = keeping(clock.now());
      Object.assign(plays.at(-1) as object, { kept });
      return kept;
    },
    (name) => void plays.push({ name }),
  );
  const pages = plays.map(({ name, kept }) => `## ${name}\n\n${kept?.lines.join('\n')}\n`);
  await expect(pages.join('\n')).toMatchFileSnapshot('./kept-plays.txt');
});
