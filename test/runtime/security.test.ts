/** What hooks, compensations and what is secret are held to by somebody who means ill; `docs/security-hooks-and-compensation.md` has the findings. */
import { createSignalbox, type Hook, type LogLine, orchestrator, task, track } from 'signalbox';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inspect } from 'node:util';
import {
  Anything,
  eventsOf,
  faultsOfHistory,
  fakeClock,
  historyOf,
  rejection,
  settled,
  soon,
} from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const no = (): never => {
  throw new Error('no');
};

function counting(options: object = {}) {
  const calls: unknown[] = [];
  const made = task('work', {
    input: Anything,
    output: Anything,
    run: ({ attempt }) => void calls.push(attempt),
    ...options,
  });
  return { calls, made };
}

const one = (body: ReturnType<typeof counting>['made'], options: object = {}) =>
  orchestrator('flow', { ...head, ...options }).track('t', track('t', input).step('s', body));

async function opened(flow: unknown, options: object = {}) {
  const clock = fakeClock();
  const lines: LogLine[] = [];
  const logger = (line: LogLine): void => void (line.level !== 'debug' && lines.push(line));
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], clock, logger, ...options } as never));
  return { box, clock, lines, start: (id = 'r') => box.start(flow as never, { id, input: 1 } as never) };
}

describe('a hook that stands before a step', () => {
  test('stands before it by whatever way it is called: by itself, again by a person, in a child run', async () => {
    const { calls, made } = counting();
    let refuses = true;
    const asked: string[] = [];
    const gate: Hook = {
      only: { task: 'work' },
      beforeStep: ({ run, attempt }) => {
        asked.push(`${run.orchestrator} ${attempt}`);
        if (refuses) throw new Error('not now');
      },
    };
    const child = one(made);
    const flow = orchestrator('parent', { ...head, onFailure: 'pause' })
      .track(
        'a',
        track('a', input).run('c', child, () => 1),
      )
      .track('b', track('b', input).step('s', made));
    const { box } = await opened(flow, { hooks: [gate] });
    expect(await rejection(box.runTask(made, 1))).toMatchObject({ code: 'run-failed', error: { code: 'hook-failed' } });
    const run = await box.start(flow as never, { id: 'r', input: 1 } as never);
    await settled(box);
    expect(calls).toEqual([]);
    await run.retry('b/s', { reason: 'perhaps now' });
    await settled(box);
    expect(calls).toEqual([]);
    refuses = false;
    await run.retry('b/s', { reason: 'now' });
    await settled(box);
    expect(calls).toEqual([3]);
    expect([...asked].sort()).toEqual(['flow 1', 'parent 1', 'parent 2', 'parent 3', 'task:work 1']);
    await box.close();
  });

  test('is passed by only by a person who says so, which is on record (S16)', async () => {
    const { calls, made } = counting();
    const flow = one(made, { onFailure: 'pause' });
    const { box, start } = await opened(flow, { hooks: [{ beforeStep: no }] });
    const run = await start();
    await settled(box);
    await run.resolve('t/s', { reason: 'done by hand', by: 'eve', output: null });
    expect((await soon(run.outcome())).status).toBe('completed');
    const records = [];
    for await (const record of run.interventions()) records.push([record.type, record.by, record.refused]);
    expect(records).toEqual([['resolve', 'eve', null]]);
    expect(calls).toEqual([]);
    await box.close();
  });

  test('does not keep from being undone or tidied up what has been done', async () => {
    const told: string[] = [];
    const done = task('done', {
      input: Anything,
      output: Anything,
      run: () => void told.push('body'),
      compensate: () => void told.push('undone'),
    });
    const hangs = task('hangs', {
      input: Anything,
      output: Anything,
      run: () => new Promise(() => {}),
      cleanup: () => void told.push('tidied'),
    });
    const flow = orchestrator('flow', head)
      .track('a', track('a', input).step('s', done))
      .track('b', track('b', input).step('s', hangs));
    const hook: Hook = {
      beforeStep: () => {
        if (told.includes('body')) throw new Error('nothing more');
      },
    };
    const { box, start } = await opened(flow, { hooks: [{ ...hook, only: { task: 'done' } }] });
    const run = await start();
    await settled(box);
    await run.cancel({ compensate: true });
    expect((await soon(run.outcome())).status).toBe('compensated');
    expect(told).toEqual(['body', 'tidied', 'undone']);
    await box.close();
  });

  test('that is still asked when its run is abandoned lets nothing begin (S18)', async () => {
    const { calls, made } = counting();
    let letGo = (): void => {};
    const beforeStep = () =>
      new Promise<void>((resolve) => {
        letGo = resolve;
      });
    const { box, start } = await opened(one(made), { hooks: [{ beforeStep }] });
    const run = await start();
    await settled(box);
    await run.abandon({ reason: 'enough' });
    letGo();
    await settled(box);
    expect(calls).toEqual([]);
    expect((await historyOf(run)).at(-1)).toBe('run.cancelled');
    await box.close();
  });

  test('may cancel its own run, and wait for it: its body is not called', async () => {
    const { calls, made } = counting();
    const hook: Hook = { beforeStep: ({ run }) => box.run(run.id).cancel({ reason: 'by the hook' }) };
    const { box, start } = await opened(one(made), { hooks: [hook] });
    const run = await start();
    expect((await soon(run.outcome())).status).toBe('cancelled');
    expect(calls).toEqual([]);
    await box.close();
  });

  test('that waits for what waits for it is over in its time', async () => {
    const { calls, made } = counting({ concurrency: 1 });
    const flow = one(made);
    let starts = 0;
    const hook: Hook = {
      timeout: '1s',
      beforeStep: async () => {
        starts += 1;
        if (starts === 1) await (await box.start(flow as never, { id: 'inner', input: 1 } as never)).result();
      },
    };
    const { box, clock, start } = await opened(flow, { hooks: [hook] });
    const run = await start();
    await settled(box);
    await clock.advance('1s');
    expect((await soon(run.outcome())).failures).toMatchObject([{ code: 'hook-timed-out' }]);
    expect((await soon(box.run('inner').outcome())).status).toBe('completed');
    expect(calls).toEqual([1]);
    await box.close();
  });
});

describe('a hook is what it was when it was declared', () => {
  test('whatever is done to its object later', async () => {
    const { calls, made } = counting();
    const hook: { beforeStep: () => unknown; onHookError?: string } = { beforeStep: no };
    const { box, start } = await opened(one(made), { hooks: [hook] });
    hook.beforeStep = () => {};
    hook.onHookError = 'ignore';
    const run = await start();
    expect((await soon(run.outcome())).failures).toMatchObject([{ code: 'hook-failed' }]);
    expect(calls).toEqual([]);
    await box.close();
  });

  test('and not what somebody has put into the prototype of all objects', async () => {
    const prototype = Object.prototype as { onHookError?: string; timeout?: number; only?: object };
    onTestFinished(() => {
      for (const key of ['onHookError', 'timeout', 'only'] as const) delete prototype[key];
    });
    Object.assign(prototype, { onHookError: 'ignore', only: { task: 'nothing' } });
    const { calls, made } = counting();
    const { box, start } = await opened(one(made), { hooks: [{ beforeStep: no }] });
    const run = await start();
    expect((await soon(run.outcome())).failures).toMatchObject([{ code: 'hook-failed' }]);
    expect(calls).toEqual([]);
    await box.close();
  });

  test('one whose functions stand in a class is refused, and not passed over without a word', async () => {
    class Gate {
      beforeStep(): void {
        no();
      }
    }
    const { message } = await rejection(createSignalbox({ hooks: [new Gate()] } as never));
    expect(message).toContain('has no function to call');
  });
});

describe('a hook that fails', () => {
  test('before a run that ends as it begins leaves nothing behind its end, but a line of the log', async () => {
    const flow = orchestrator('flow', head);
    const { box, start, lines } = await opened(flow, { hooks: [{ beforeRun: no, onHookError: 'ignore' }] });
    const run = await start();
    await soon(run.result());
    await settled(box);
    expect(await historyOf(run)).toEqual(['run.started', 'run.completed']);
    expect(await faultsOfHistory(run)).toEqual([]);
    expect(lines).toMatchObject([{ level: 'warn', error: { code: 'hook-failed' } }]);
    await box.close();
  });

  test('with megabytes of text leaves a warning of a few kilobytes', async () => {
    const { made } = counting();
    const huge = (): never => {
      throw new Error('x'.repeat(5_000_000));
    };
    const { box, start } = await opened(one(made), { hooks: [{ afterStep: huge }] });
    const run = await start();
    await soon(run.result());
    expect(JSON.stringify(await eventsOf(run)).length).toBeLessThan(50_000);
    await box.close();
  });
});

describe('what is secret', () => {
  /** As HTTP clients throw them: with what was sent, and the credentials for it. */
  const leaky = (): never => {
    throw Object.assign(new Error('401'), { config: { headers: { authorization: 'Bearer s3cr3t' } } });
  };

  test('is not in what an error carries beside its text: a logger is handed nothing of it (S34)', async () => {
    const { made } = counting();
    const hooks = [{ afterRun: leaky, afterStep: leaky }];
    const { box, start, lines } = await opened(one(made), { hooks, redact: [{ key: /^authorization$/ }] });
    box.on('*', leaky);
    const run = await start();
    await soon(run.result());
    await settled(box);
    expect(lines.length).toBeGreaterThan(3);
    expect(inspect(lines, { depth: 20, showHidden: true })).not.toContain('s3cr3t');
    expect(JSON.stringify(await run.export())).not.toContain('s3cr3t');
    await box.close();
  });

  test('in what fails a compensation is in no failure of its run', async () => {
    const done = task('done', {
      input: Anything,
      output: Anything,
      run: () => ({ token: 'tok-1234' }),
      compensate: () => Promise.reject(new Error('no such hold: tok-1234')),
    });
    const flow = orchestrator('flow', { ...head, onFailure: 'compensate' }).track(
      't',
      track('t', input)
        .step('done', done)
        .step('bad', task('bad', { input: Anything, output: Anything, run: no })),
    );
    const { box, start, lines } = await opened(flow, { redact: [/tok-\d+/, '**.token'] });
    const run = await start();
    const outcome = await soon(run.outcome());
    expect(outcome.compensation).toMatchObject({ failed: ['t/done'] });
    const failure = await rejection(run.result());
    const told = inspect([outcome, failure, lines, await eventsOf(run), await run.snapshot(), await run.export()], {
      depth: 20,
    });
    expect(told).not.toContain('tok-1234');
    expect(told).toContain('no such hold: [redacted]');
    await box.close();
  });
});
