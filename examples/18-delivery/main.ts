/**
 * A delivery program: eight phases, twenty-five tasks, two gates, an approval, retries, and a phase that goes on in the background. The
 * deployment of the second run fails, and what was deployed is rolled back. Time is a fake clock.
 */
import { createSignalbox, memory, program, programState, task, todoText, type TaskContext } from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { z } from 'zod';

const Brief = z.object({ product: z.string(), breaks: z.boolean() });
const Any = z.any();

export function deliveries(calls: string[]) {
  /** A task that does what its name says, and tells so. */
  const does = (
    name: string,
    made: (context: TaskContext<unknown>) => unknown = () => `${name} done`,
    more: object = {},
  ) =>
    task(name, {
      input: Any,
      output: Any,
      ...more,
      run: (context) => {
        calls.push(name);
        return made(context) as object;
      },
    });

  const backoff = { maxAttempts: 4, delay: '1s', backoff: 'exponential' } as const;
  const build = does(
    'build',
    ({ attempt }) => {
      if (attempt < 3) throw new Error('the registry is away');
      return { image: `build ${attempt}` };
    },
    { retry: backoff },
  );
  const rollout = does('rollout', ({ input }) => {
    if ((input as { breaks: boolean }).breaks) throw new Error('the pods do not start');
    return { at: 'the edge' };
  });
  const migrate = does('migrate', undefined, { compensate: () => void calls.push('migrate back') });

  return program('delivery', {
    version: '1',
    input: Brief,
    onFailure: 'compensate',
    phases: {
      analysis: {
        within: '10m',
        tasks: {
          audit: {
            do: does('audit'),
            input: ({ input }) => input,
            notes: () => ({ learnings: ['the import is slow'] }),
          },
          stakeholders: does('stakeholders'),
          requirements: {
            do: does('requirements'),
            after: ['audit', 'stakeholders'],
            input: ({ tasks }) => tasks.audit,
          },
        },
      },
      planning: {
        tasks: {
          architecture: {
            do: does('architecture'),
            notes: () => ({ decisions: ['one service'], patterns: ['outbox'] }),
          },
          breakdown: { do: does('breakdown'), after: ['architecture'] },
          schedule: { do: does('schedule'), after: ['breakdown', 'analysis'] },
        },
      },
      implementation: {
        tasks: {
          backend: { do: does('backend'), input: ({ phases }) => phases.planning.architecture },
          frontend: does('frontend'),
          docs: {
            do: does('docs', () => {
              throw new Error('nobody has time');
            }),
            required: false,
          },
          build: { do: build, after: ['backend', 'frontend'] },
        },
      },
      testing: {
        tasks: {
          unit: does('unit', () => ({ coverage: 91 })),
          integration: does('integration', () => ({ passRate: 99 })),
          ui: does('ui', () => ({ score: 8.1 })),
          security: does('security', () => ({ findings: 0 })),
        },
        gate: {
          criteria: {
            'unit.coverage': { min: 80, required: true },
            'integration.passRate': { min: 95, required: true },
            'security.findings': { max: 0, required: true },
            'ui.score': { min: 8.5 },
          },
          review: { assignees: { roles: ['lead'] } },
        },
      },
      checkpoint: {
        tasks: { summary: does('summary', () => 'ready') },
        approval: {
          ask: ({ tasks, input }) => `${input.product} is ${tasks.summary}. Go?`,
          assignees: { roles: ['owner'] },
          expires: '2d',
        },
      },
      deployment: {
        within: '30m',
        tasks: {
          freeze: does('freeze'),
          migrate: { do: migrate, after: ['freeze'] },
          rollout: { do: rollout, after: ['migrate'], input: ({ input }) => input },
          smoke: { do: does('smoke'), after: ['rollout'] },
        },
      },
      monitoring: { background: true, tasks: { alerts: does('alerts'), metrics: does('metrics'), logs: does('logs') } },
      quality: {
        tasks: {
          collect: does('collect', () => ({ errors: 0.1, latency: 180 })),
          survey: does('survey', () => ({ satisfaction: 9 })),
          report: { do: does('report'), after: ['collect', 'survey'] },
        },
        gate: { steps: ['report'], criteria: { 'collect.errors': { max: 1 }, 'survey.satisfaction': { min: 8 } } },
      },
    },
  });
}

export async function main(print: (line: string) => void = console.log) {
  const calls: string[] = [];
  const delivery = deliveries(calls);
  const clock = fakeClock();
  await using box = clock.follow(
    await createSignalbox({ store: memory(), clock, orchestrators: [delivery], logger: () => {} }),
  );

  async function deliver(id: string, breaks: boolean) {
    calls.length = 0;
    const run = await box.start(delivery, { id, input: { product: 'the shop', breaks } });
    await clock.advance('1m');
    await box.decide(`${id}/testing/gate#1`, { decision: 'approve', by: 'ann', roles: ['lead'] });
    await settled(box);
    const half = await programState(delivery, run);
    print(
      `${half.currentPhase}: ${half.counts.completed} of ${half.counts.total} done, ${half.counts.retries} retries`,
    );
    const [asked] = (await run.approvals({ status: 'open' })).approvals;
    print(asked?.question ?? 'nothing is asked');
    await box.decide(asked?.id ?? '', { decision: 'approve', by: 'oli', roles: ['owner'] });
    const { status } = await run.outcome();
    await settled(box);
    return { status, state: await programState(delivery, run) };
  }

  const well = await deliver('one', false);
  const { metrics, knowledge, phases } = well.state;
  print(`${well.status}: ${phases.map(({ name, status }) => `${name} ${status}`).join(', ')}`);
  print(`gates: ${phases.flatMap(({ gate }) => (gate === null ? [] : [`${gate.decision} ${gate.score}`])).join(', ')}`);
  print(
    `to remember: ${[...knowledge.decisions, ...knowledge.patterns, ...knowledge.learnings].map(({ text, task: of }) => `${text} (${of})`).join(', ')}`,
  );
  print(`retries that helped: ${metrics.retries.value} %, gates at once: ${metrics.gates.value} %`);
  print(`beside it: ${calls.filter((name) => ['alerts', 'metrics', 'logs'].includes(name)).join(', ')}`);

  const badly = await deliver('two', true);
  print(`${badly.status}: ${calls.at(-1)}`);
  print(todoText(badly.state));
  return { well, badly };
}

if (import.meta.main) await main();
