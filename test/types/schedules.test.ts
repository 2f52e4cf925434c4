/** What compiles and what does not, for schedules. */
import { createSignalbox, orchestrator, type Run, type Schedule, type ScheduledRun, track } from 'signalbox';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';

const report = orchestrator('report', { version: '1', input: z.object({ region: z.string() }) }).track(
  't',
  track('t', { input: z.any() }),
);
const stranger = orchestrator('stranger', { version: '1', input: z.object({}) });

describe('box.schedule', () => {
  const compiled = async (): Promise<void> => {
    const box = await createSignalbox({ orchestrators: [report] });
    const head = { orchestrator: report, input: { region: 'north' } } as const;
    const nightly = await box.schedule('nightly', { ...head, cron: '0 3 * * *', zone: 'Europe/Berlin' });
    expectTypeOf(nightly).toEqualTypeOf<Schedule>();
    expectTypeOf(await nightly.preview(3)).toEqualTypeOf<readonly ScheduledRun[]>();
    expectTypeOf(await nightly.trigger()).toEqualTypeOf<Run>();
    await box.schedule('hourly', { ...head, every: '1h', overlap: 'bufferOne', pauseOnFailure: 3 });
    await box.schedule('hourly');

    // @ts-expect-error its input is that of the orchestrator
    await box.schedule('s', { orchestrator: report, input: { region: 5 }, every: '1h' });
    // @ts-expect-error and is needed
    await box.schedule('s', { orchestrator: report, every: '1h' });
    // @ts-expect-error the box has no such orchestrator
    await box.schedule('s', { orchestrator: stranger, input: {}, every: '1h' });
    // @ts-expect-error a line or an interval
    await box.schedule('s', { ...head });
    // @ts-expect-error and not both
    await box.schedule('s', { ...head, every: '1h', cron: '@daily' });
    // @ts-expect-error intervals are the same in every zone
    await box.schedule('s', { ...head, every: '1h', zone: 'Asia/Tokyo' });
    // @ts-expect-error there is no such rule
    await box.schedule('s', { ...head, cron: '@daily', dst: { missing: 'later' } });
    // @ts-expect-error nor such a policy
    await box.schedule('s', { ...head, every: '1h', overlap: 'queue' });
  };

  test('takes the input of its orchestrator, and one way to say when', () => {
    expectTypeOf(compiled).returns.resolves.toBeVoid();
  });
});
