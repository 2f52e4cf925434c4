/**
 * An invoice with four eyes: two of three have to release it, whoever has entered it does not count, it can be corrected on the way, and it
 * expires. Time is a fake clock.
 */
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { z } from 'zod';

const Invoice = z.object({ id: z.string(), cents: z.number().int().positive() });

export function invoices(print: (line: string) => void) {
  const pay = task('pay', {
    input: Invoice,
    output: z.string(),
    run: ({ input, key }) => {
      print(`paid ${input.cents} for ${input.id}, once, under ${key}`);
      return key;
    },
  });
  return orchestrator('invoice', { version: '1', input: Invoice }).track(
    'payment',
    track('payment', { input: Invoice })
      .approval('release', {
        ask: ({ input }) => `Pay invoice ${input.id}?`,
        propose: ({ input }) => input,
        value: Invoice,
        decisions: ['approve', 'edit', 'reject'],
        assignees: { users: ['mia', 'tom', 'eve'] },
        fourEyes: true,
        quorum: 2,
        expires: '2d',
        remind: '1d',
      })
      .step('pay', pay, ({ outputs }) => outputs.release.value),
    { input: ({ input }) => input },
  );
}

export async function main(print: (line: string) => void = console.log) {
  const invoice = invoices(print);
  const clock = fakeClock();
  await using box = clock.follow(
    await createSignalbox({ store: memory(), clock, orchestrators: [invoice], logger: () => {} }),
  );
  box.on('approval.reminded', ({ users }) => print(`reminded: ${String(users)}`));
  const enter = (id: string) => box.start(invoice, { id, input: { id, cents: 4200 }, metadata: { initiator: 'mia' } });

  const run = await enter('17');
  await settled(box);
  const [asked] = (await run.approvals()).approvals;
  if (asked === undefined) throw new Error('Nobody was asked.');
  const say = async (by: string, more: object) => {
    const answer = await box.decide(asked.id, { by, ...more } as never);
    print(`${by}: ${answer.answer}${'reason' in answer ? `, ${answer.reason}` : ''}`);
  };
  // Whoever has entered it may not release it.
  await say('mia', { decision: 'approve' });
  await say('tom', { decision: 'approve' });
  // Corrected, it is another one: what tom has said was of the first.
  await say('eve', { decision: 'edit', patch: { cents: 4000 } });
  await say('tom', { decision: 'approve', digest: asked.digest });
  const now = await box.approval(asked.id);
  await say('tom', { decision: 'approve', digest: now?.digest });
  print(`${(await run.outcome()).status}, after ${(await box.approval(asked.id))?.history.length} words on record`);

  const late = await enter('18');
  await settled(box);
  await clock.advance('2d');
  const { status, error } = await late.outcome();
  print(`${status}: ${error?.code}`);
}

if (import.meta.main) await main();
