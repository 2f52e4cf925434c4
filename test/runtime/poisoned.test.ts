/** Functions of users that write to what they are handed: nobody else sees it, also after the run was read back from a file (I10). */
import { createSignalbox, type Hook, memory, orchestrator, type Store, task, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { sqlite } from 'signalbox/sqlite';
import { describe, expect, test } from 'vitest';
import { Anything, settled, soon } from '../helpers/stage.ts';
import { newFile } from '../helpers/files.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;

/** Writes to whatever it is given, as deep as it can. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const member of Object.values(value)) spoil(member);
  try {
    Object.assign(value, { spoilt: true });
  } catch {
    // It is frozen, as it should be.
  }
}

/** A place that two boxes open one after the other. */
const PLACES: Readonly<Record<string, () => () => Store>> = {
  'in memory': () => {
    const kept = memory();
    return () => kept;
  },
  'on a file': () => {
    const file = newFile();
    return () => sqlite(file);
  },
};

describe.each(Object.keys(PLACES))('%s', (place) => {
  test('a compensation, a body and a hook are each told what was kept, whatever the last one did to it', async () => {
    const storeOf = (PLACES[place] as () => () => Store)();
    const told: string[] = [];
    const note = (who: string, value: unknown): void => {
      told.push(`${who} ${JSON.stringify(value)}`);
      spoil(value);
    };
    let tries = 0;
    const made = task('made', {
      input: Anything,
      output: Anything,
      run: () => ({ hold: { id: 1 } }),
      compensate: {
        retry: { maxAttempts: 2, delay: '1s', backoff: 'fixed' },
        run: ({ input: given, output }) => {
          note('undo', [given, output]);
          tries += 1;
          if (tries === 1) throw new Error('not yet');
        },
      },
    });
    const flaky = task('flaky', {
      input: Anything,
      output: Anything,
      retry: { maxAttempts: 2, delay: '1h', backoff: 'fixed' },
      run: ({ input: given, run, attempt }) => {
        note(`body ${attempt}`, [given, run.metadata]);
        throw new Error('no');
      },
    });
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
      't',
      track('t', input)
        .step('made', made, ({ input: i }) => i)
        .step('flaky', flaky, ({ input: i }) => i),
      { input: ({ input: i }) => i },
    );
    const hook: Hook = {
      beforeStep: ({ task: name, input: given, run, attempt }) => {
        if (name === 'flaky') note(`hook ${attempt}`, [given, run.metadata]);
      },
    };
    const clock = fakeClock();
    const open = async (store: Store, at: ReturnType<typeof fakeClock>) =>
      at.follow(await createSignalbox({ orchestrators: [flow], store, clock: at, hooks: [hook], logger: () => {} }));
    const box = await open(storeOf(), clock);
    await box.start(flow, { id: 'r', input: { a: [{ b: 1 }] }, metadata: { m: { n: 1 } } });
    await settled(box);
    await box.close();

    const later = fakeClock({ start: clock.now() + 3_600_000 });
    const next = await open(storeOf(), later);
    await settled(next);
    await later.advance('1s');
    const run = next.run('r');
    expect((await soon(run.outcome())).status).toBe('compensated');
    const [given, metadata, output] = ['{"a":[{"b":1}]}', '{"m":{"n":1}}', '{"hold":{"id":1}}'];
    expect(told).toEqual([
      `hook 1 [${given},${metadata}]`,
      `body 1 [${given},${metadata}]`,
      `hook 2 [${given},${metadata}]`,
      `body 2 [${given},${metadata}]`,
      `undo [${given},${output}]`,
      `undo [${given},${output}]`,
    ]);
    const { steps, input: started, metadata: facts } = await run.snapshot();
    expect(JSON.stringify([steps['t/made']?.input, steps['t/made']?.output, started, facts])).toBe(
      `[${given},${output},${given},${metadata}]`,
    );
    await next.close();
  });
});
