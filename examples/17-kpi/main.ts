/**
 * KPI tracking: figures are fetched and summarised, a person looks at the summary, and it is reported. Each decision that they
 * can make is made once: as it is, edited, sent back, replaced, skipped, rejected.
 */
import { createSignalbox, type DecideOptions, memory, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { z } from 'zod';

const Period = z.object({ month: z.string() });
const Figures = z.object({ revenue: z.number(), costs: z.number() });
const Summary = z.object({ text: z.string() });

export function indicators() {
  const fetchFigures = task('fetch', { input: Period, output: Figures, run: () => ({ revenue: 1_200, costs: 900 }) });
  const summarise = task('summarise', {
    input: Figures.extend({ tone: z.string() }),
    output: Summary,
    run: ({ input, attempt }) => {
      return { text: `${input.tone} profit of ${input.revenue - input.costs}, draft ${attempt}` };
    },
    review: {
      ask: ({ output }) => `Report this? ${output.text}`,
      decisions: ['approve', 'edit', 'retry', 'replace', 'skip', 'reject'],
      assignees: { roles: ['finance-manager'] },
    },
  });
  const report = task('report', { input: Summary, output: z.string(), run: ({ input }) => `reported: ${input.text}` });
  return orchestrator('kpi', { version: '1', input: Period }).track(
    'month',
    track('month', { input: Period })
      .step('figures', fetchFigures, ({ input }) => input)
      .step('summary', summarise, ({ outputs }) => ({ ...outputs.figures, tone: 'a' }))
      // What was skipped is reported as that.
      .step('report', report, ({ outputs }) => outputs.summary ?? { text: 'nothing' }),
    { input: ({ input }) => input },
  );
}

export async function main(print: (line: string) => void = console.log) {
  const kpi = indicators();
  await using box = await createSignalbox({ store: memory(), orchestrators: [kpi], logger: () => {} });

  /** Starts a run, and says these things to what it asks, one after the other. */
  async function play(month: string, ...said: readonly Partial<DecideOptions>[]): Promise<void> {
    const run = await box.start(kpi, { id: month, input: { month } });
    for (const [index, more] of said.entries()) {
      await settled(box);
      const asked = `${month}/month/summary#${index + 1}`;
      await box.decide(asked, { decision: 'approve', by: 'ida', roles: ['finance-manager'], ...more });
    }
    const { status, output, error } = await run.outcome();
    print(
      `${said.map(({ decision = 'approve' }) => decision).join(', ')}: ${status === 'completed' ? JSON.stringify(output) : error?.code}`,
    );
  }

  await play('jan', {});
  await play('feb', { decision: 'edit', patch: { text: 'a fair profit' } });
  await play('mar', { decision: 'retry', comment: 'less dry', patch: { tone: 'a handsome' } }, {});
  await play('apr', { decision: 'replace', value: { text: 'see the appendix' } });
  await play('may', { decision: 'skip' });
  await play('jun', { decision: 'reject', comment: 'the costs are not in' });
}

if (import.meta.main) await main();
