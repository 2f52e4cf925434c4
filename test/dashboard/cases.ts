/**
 * What a dashboard asks of a box, on one store: lists with filters, an order and pages, and of each run its tracks, steps, attempts and events. Both
 * have to say the same: a list is right if it has exactly the runs whose details fit, and a summary if the details agree.
 */
import {
  createSignalbox,
  orchestrator,
  type ReadEvent,
  type Run,
  type RunsQuery,
  type RunSummary,
  type Signalbox,
  type Store,
  TerminalError,
  task,
  track,
} from 'signalbox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isTerminal } from '../../src/status.ts';

const Order = z.object({ how: z.enum(['well', 'flaky', 'badly']) });
const charge = task('charge', {
  input: Order,
  output: z.string(),
  retry: { maxAttempts: 3, delay: '1ms' },
  run({ input, attempt, key }) {
    if (input.how === 'badly') throw new TerminalError('the card is gone');
    if (input.how === 'flaky' && attempt < 3) throw new Error(`busy ${attempt}`);
    return key;
  },
});
const payment = track('payment', { input: Order }).step('charge', charge, ({ input }) => input);
const whole = { input: ({ input }: { readonly input: z.infer<typeof Order> }) => input };
const order = orchestrator('order', { version: '1', input: Order }).track('payment', payment, whole);
const newer = orchestrator('order', { version: '2', input: Order }).track('payment', payment, whole);
const nap = track('nap', { input: Order })
  .step('charge', charge, ({ input }) => input)
  .sleep('long', '7d');
const slow = orchestrator('slow', { version: '1', input: Order }).track('nap', nap, whole);
const family = orchestrator('family', { version: '2', input: Order }).track(
  'children',
  track('children', { input: Order }).run('child', order, ({ input }) => input),
  whole,
);
const HOW = ['well', 'flaky', 'badly'] as const;
const RUNS = 30;

export function dashboardCases(open: () => Store): void {
  describe('what a dashboard asks', () => {
    test('a list has exactly the runs whose details fit, by each filter and by two at once, in both orders and pages of any size (P166)', async () => {
      await using box = await filled(open());
      const all = await detailsOf(box);
      expect(new Set(all.map(({ status }) => status))).toEqual(
        new Set(['completed', 'failed', 'waiting', 'paused', 'cancelled']),
      );
      const filters: readonly (readonly [RunsQuery, (run: Details) => boolean])[] = [
        [{}, () => true],
        ...['order', 'slow', 'family', 'nobody'].map(
          (name) => [{ orchestrator: name }, (run: Details) => run.orchestrator === name] as const,
        ),
        ...['1', '2', '3'].map((version) => [{ version }, (run: Details) => run.version === version] as const),
        ...(['completed', 'failed', 'waiting', 'paused', 'cancelled', 'running'] as const).map(
          (status) => [{ status }, (run: Details) => run.status === status] as const,
        ),
        ...['acme', 'other'].map(
          (tenant) => [{ metadata: { tenant } }, (run: Details) => run.metadata.tenant === tenant] as const,
        ),
        [{ parent: 'r3' }, ({ parent }) => parent?.run === 'r3'],
      ];
      for (const [left, fitsLeft] of filters)
        for (const [right, fitsRight] of filters) {
          const query = { ...left, ...right };
          const metadata = { ...left.metadata, ...right.metadata };
          // Two values of one filter are the second one.
          const fits = (run: Details): boolean =>
            fitsRight(run) && (Object.keys(left).some((name) => name in right) || fitsLeft(run));
          const wanted = all.filter(fits).map(({ run }) => run);
          const more = Object.keys(metadata).length === 0 ? {} : { metadata };
          for (const [limit, order] of [
            [1_000, undefined],
            [7, 'oldest'],
            [7, 'newest'],
            [50, 'newest'],
          ] as const) {
            const asked = { ...query, ...more, limit, ...(order === undefined ? {} : { order }) };
            const found = (await pagesOf(box, asked)).map(({ run }) => run);
            expect({ asked, found }).toEqual({ asked, found: order === 'newest' ? wanted.toReversed() : wanted });
          }
        }
      const again = await pagesOf(box, { rerunOf: 'r2' });
      expect(again.map(({ run }) => run)).toEqual(['again']);
    });

    test('pages are walked to the end while runs are added: each run that was there comes once, in both orders (P166)', async () => {
      await using box = await filled(open());
      const before = (await pagesOf(box, { limit: 1_000 })).map(({ run }) => run);
      for (const order of ['oldest', 'newest'] as const) {
        const added: string[] = [];
        const found = await pagesOf(box, { limit: 4, order }, async () => {
          if (added.length === 12) return;
          const id = `${order}-${added.length}`;
          await box.start(slow, { id, input: { how: 'well' } });
          added.push(id);
        });
        // What comes later stands behind all others, which is before the first page of the newest.
        const wanted = order === 'oldest' ? [...before, ...added] : before.toReversed();
        expect(found.map(({ run }) => run)).toEqual(wanted);
        before.push(...added);
      }
    });

    test('what a list says of a run, and its steps, attempts and events, agree (P166)', async () => {
      await using box = await filled(open());
      for (const summary of await pagesOf(box, { limit: 9 })) {
        const run = box.run(summary.run);
        const snapshot = await run.snapshot();
        const { run: id, orchestrator: name, version, status, input, output, error, metadata, parent } = snapshot;
        const { startedAt, endedAt } = snapshot;
        expect(summary).toEqual({
          ...{ run: id, orchestrator: name, version, status, input, output, error, metadata, parent },
          ...{ startedAt, endedAt, key: summary.key, reason: summary.reason },
        });
        expect(isTerminal(status)).toBe(endedAt !== null);
        expect(await run.status()).toBe(status);
        expect(Object.keys(snapshot.tracks)).toHaveLength(1);

        const history = await eventsOf(run);
        expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
        expect(history[0]).toMatchObject({ type: 'run.started', orchestrator: name, version, metadata });
        // The run has begun when it was asked for, a moment before its first turn.
        expect(history[0]?.at).toBeGreaterThanOrEqual(startedAt);
        if (isTerminal(status)) expect(history.at(-1)).toMatchObject({ type: `run.${status}`, at: endedAt, path: '' });
        // By the page, as whoever scrolls does.
        expect(await eventsOf(run, 3)).toEqual(history.slice(3));

        for (const [path, step] of Object.entries(snapshot.steps)) {
          const attempts = await run.attempts(path);
          expect(attempts.map(({ input: _, output: __, ...rest }) => rest)).toEqual(step.attempts);
          const last = attempts.at(-1);
          expect(last?.input ?? step.input).toEqual(step.input);
          if (step.status === 'completed' && step.takenFrom === null && last !== undefined) {
            expect(last.output).toEqual(step.output);
            expect(last.endedAt).toBe(step.endedAt);
          }
          // What has no body tells otherwise that it has begun, and a step that was taken over has begun in another run.
          if (step.kind !== 'task' || step.takenFrom !== null) continue;
          const begun = history.filter((event) => event.path === path && event.type === 'step.started');
          const retried = history.filter((event) => event.path === path && event.type === 'step.retrying');
          expect(begun).toHaveLength(attempts.length);
          expect(begun.map((event) => (event as { readonly attempt: number }).attempt)).toEqual(
            attempts.map(({ attempt }) => attempt),
          );
          expect(retried.map((event) => (event as { readonly error: object }).error)).toEqual(
            attempts.slice(0, -1).map(({ error: why }) => why),
          );
        }
      }
      expect(await box.run('r1').attempts('payment/charge')).toMatchObject([
        { attempt: 1, status: 'failed', error: { message: 'busy 1' }, input: { how: 'flaky' }, output: null },
        { attempt: 2, status: 'failed', error: { message: 'busy 2' } },
        { attempt: 3, status: 'completed', error: null, output: 'r1/payment/charge#3' },
      ]);
    });
  });
}

type Details = Pick<RunSummary, 'run' | 'orchestrator' | 'version' | 'status' | 'metadata' | 'parent'>;

/** A box with runs of every sort, each of which has come as far as it comes by itself. */
async function filled(store: Store): Promise<Signalbox> {
  const box = await createSignalbox({ store, orchestrators: [order, newer, slow, family], logger: () => {} });
  const runs: Run[] = [];
  for (let index = 0; index < RUNS; index += 1) {
    const definition = [order, newer, order, family, slow][index % 5] as typeof order;
    const options = {
      id: `r${index}`,
      input: { how: HOW[index % 3] as (typeof HOW)[number] },
      metadata: { tenant: index % 4 === 0 ? 'acme' : 'other', n: index },
      ...(index % 7 === 0 ? { key: `key-${index}` } : {}),
    };
    runs.push((await box.start(definition, options)) as Run);
  }
  // The pause before a retry is a waiting, too.
  const isSettled = async (run: Run): Promise<boolean> =>
    isTerminal(await run.status()) || (await run.snapshot()).steps['nap/long'] !== undefined;
  for (const run of runs) while (!(await isSettled(run))) await soon();
  await box.run('r4').pause();
  await box.run('r9').cancel({ reason: 'it is late' });
  await box.run('r9').outcome();
  await (await box.run('r2').rerun({ from: 'payment/charge', reason: 'a new card', id: 'again' })).outcome();
  return box as unknown as Signalbox;
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** The details of all runs, asked for one by one, in the order of their starts. */
async function detailsOf(box: Signalbox): Promise<readonly Details[]> {
  const ids = (await pagesOf(box, { limit: 1_000 })).map(({ run }) => run);
  return Promise.all(ids.map((id) => box.run(id).snapshot()));
}

async function pagesOf(
  box: Signalbox,
  query: RunsQuery,
  between = async (): Promise<void> => {},
): Promise<RunSummary[]> {
  const found: RunSummary[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await box.runs({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.runs.length).toBeLessThanOrEqual(query.limit ?? 50);
    found.push(...page.runs);
    cursor = page.cursor;
    await between();
  }
  return found;
}

async function eventsOf(run: Run, after = 0): Promise<ReadEvent[]> {
  const events: ReadEvent[] = [];
  for await (const event of run.history({ after })) events.push(event);
  return events;
}
