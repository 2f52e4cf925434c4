/**
 * What a box answers in the course of each play and at the end of each scenario is what `answers.txt` and its neighbours say: every
 * question that there is, and of each answer what has changed since the moment before. A change there is one that users see: read it,
 * then take it over (`npx vitest run test/runtime/answers.test.ts -u`).
 */
import { expect, test } from 'vitest';
import { createSignalbox, memory, type Signalbox } from 'signalbox';
import { Signalbox as Box } from '../../src/runtime/box.ts';
import { Run } from '../../src/runtime/run.ts';
import { Schedule } from '../../src/runtime/schedules.ts';
import { Interview, unasked } from '../helpers/answers.ts';
import { playAll } from '../helpers/plays.ts';
import { playing, scenarios } from '../helpers/scenarios.ts';
import { fakeClock, hurriedClock, settled, soon } from '../helpers/stage.ts';

test('what a box answers while people play with it is what is written down', async () => {
  const pages: { readonly name: string; interview?: Interview }[] = [];
  await playAll(
    (clock) => {
      const interview = new Interview(clock.now(), pages.at(-1)?.name.startsWith('each decision'));
      Object.assign(pages.at(-1) as object, { interview });
      const { note, logger, opened, asks } = interview;
      return { store: memory(), note, options: { logger }, opened, asks };
    },
    (name) => void pages.push({ name }),
  );
  const text = pages.map(({ name, interview }) => `## ${name}\n\n${interview?.lines.join('\n')}\n`);
  await expect(text.join('\n')).toMatchFileSnapshot('./answers.txt');
});

test('what a box answers at the end of each scenario is what is written down', async () => {
  const pages: string[] = [];
  for (const flow of scenarios) {
    const clock = hurriedClock();
    const { note, logger, opened, asks, lines } = new Interview(clock.now(), true);
    await using made = await createSignalbox({ orchestrators: [flow], clock, logger });
    const box = made as unknown as Signalbox;
    opened(box);
    playing.box = box;
    const run = await box.start(flow as never, { id: 'r', input: null } as never);
    await soon((run as { outcome(): Promise<unknown> }).outcome());
    await settled(made);
    note('at its end');
    await asks(box);
    pages.push(`## ${flow.name}\n\n${lines.join('\n')}\n`);
  }
  await expect(pages.join('\n')).toMatchFileSnapshot('./answers-ends.txt');
});

test('there is no question that is not asked; what does something is in every-command.txt and every-method.txt', async () => {
  const [, , flow] = scenarios;
  const clock = fakeClock();
  const interview = new Interview(clock.now());
  await using box = clock.follow(
    await createSignalbox({ orchestrators: [flow as never], clock, logger: interview.logger }),
  );
  interview.opened(box as unknown as Signalbox);
  await box.schedule('s', { orchestrator: flow, every: '1h', input: null } as never);
  await box.start(flow as never, { id: 'r', input: null } as never);
  await settled(box);
  await interview.asks(box as unknown as Signalbox);

  const undoing = ['cancel', 'pause', 'resume', 'retry', 'skip', 'resolve', 'rerun', 'decide', 'compensate', 'signal'];
  expect(unasked(Run)).toEqual([...undoing, 'abandon', 'delete']);
  const changing = ['definition', 'pause', 'resume', 'trigger', 'backfill', 'remove', 'become'];
  expect(unasked(Schedule)).toEqual(changing);
  expect(unasked(Box)).toEqual(['open', 'start', 'runTask', 'import', 'log', 'decide', 'signal', 'close']);
});
