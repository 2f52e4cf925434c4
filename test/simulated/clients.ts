/**
 * Clients of a world: each starts runs and asks something of them, from whichever process, again and again until it is answered, as
 * whoever has no other way does. What comes of it in the end is the same whatever the weather.
 */
import { type AnyOrchestrator, orchestrator, type Run, type Signalbox, task, track } from 'signalbox';
import type { RunRow } from 'signalbox/store';
import { isTerminal } from '../../src/status.ts';
import { Anything, faultsOfHistory, historyOf } from '../helpers/stage.ts';
import type { World } from './world.ts';

/** What a box may answer with while its line is bad, or its runs are another's by now. */
const PASSING = new Set(['store-unusable', 'box-closed', 'lease-lost', 'store-lost', 'commit-conflict']);
/** What is answered when something was done already, or has no run any more that it could be done to. */
const OVER = new Set(['command-refused', 'command-failed', 'intervention-refused', 'run-unknown']);
const LATE = Symbol('late');

const codeOf = (error: unknown): string => (error as { readonly code?: string }).code ?? '';

/** How clients reach the processes of a world. */
export class Desk {
  readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  /** Asks one process after the other until one has answered. */
  async ask<T>(question: (box: Signalbox) => Promise<T>): Promise<T> {
    const { world } = this;
    for (;;) {
      const boxes = world.living.flatMap(({ box }) => box ?? []);
      try {
        const late = world.after(20_000).then((): typeof LATE => LATE);
        const answer = boxes.length === 0 ? LATE : await Promise.race([question(world.one(boxes)), late]);
        if (answer !== LATE) return answer;
      } catch (error) {
        if (!PASSING.has(codeOf(error))) throw error;
      }
      await world.after(100 + world.below(1_000));
    }
  }

  /** The same, where it may be too late for it: it was done, and nobody heard of it. */
  async askIfOpen(question: (box: Signalbox) => Promise<unknown>): Promise<void> {
    await this.ask(question).catch((error) => {
      if (!OVER.has(codeOf(error))) throw error;
    });
  }

  soon(): Promise<void> {
    return this.world.after(this.world.below(15_000));
  }

  async start(flow: AnyOrchestrator, options: object): Promise<string> {
    return (await this.ask((box) => box.start(flow, { input: null, ...options } as never) as Promise<Run<unknown>>)).id;
  }

  /** Resolves when a run has ended. */
  async over(id: string): Promise<void> {
    while (!isTerminal(await this.ask((box) => box.run(id).status()))) await this.world.after(1_000);
  }
}

export interface Client {
  readonly name: string;
  readonly flows: readonly AnyOrchestrator[];
  /** Does all that it has to do, and waits for the end of its runs. */
  act(desk: Desk): Promise<unknown>;
  /** What is wrong in the end, for whoever looks in fair weather. */
  faults(box: Signalbox, world: World): Promise<readonly string[]>;
}

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const all = (works: readonly Promise<unknown>[]): Promise<unknown> => Promise.all(works);

/** Bodies that were begun, each key once: what is done again after a crash has the key that it had. */
export const begun = new Set<string>();
const body = (
  name: string,
  run: (context: { readonly input: unknown; readonly attempt: number }) => unknown,
  more: object = {},
) =>
  task(name, {
    input: Anything,
    output: Anything,
    run: async (context) => {
      begun.add(context.key);
      return run(context);
    },
    ...more,
  });

const echo = body('gives back', ({ input: given }) => given);
/** It fails until somebody has said that it is mended. */
const needs = body('needs somebody', ({ input: given, attempt }) => {
  if (attempt === 1) throw new Error('it is broken');
  return given;
});
const waits = body('never ends', () => new Promise(() => {}), { cleanup: () => {} });

/** A client with one run. */
function single(
  flow: AnyOrchestrator,
  end: readonly [status: string, output: unknown],
  act: (desk: Desk, id: string) => Promise<unknown>,
): Client {
  const id = `run-${flow.name}`;
  return {
    name: flow.name,
    flows: [flow],
    async act(desk) {
      await desk.start(flow, { id });
      await all([desk.over(id), act(desk, id)]);
    },
    async faults(box) {
      const run = box.run(id) as unknown as Run<unknown>;
      const { status, output } = await run.outcome();
      const [found, wanted] = [[status, output], end].map((each) => JSON.stringify(each));
      return [...(found === wanted ? [] : [`${found} instead of ${wanted}`]), ...(await faultsOfHistory(run))];
    },
  };
}

const NUMBERS = [1, 2, 3, 4, 5, 6];
const collecting = orchestrator('collecting', head).track(
  'c',
  NUMBERS.reduce(
    (made, n) => made.wait(`w${n}`, { signal: 'n', payload: Anything }) as never,
    track('c', input),
  ).output(({ outputs }) => Object.values(outputs as { [step: string]: number }).sort()),
);
const mended = orchestrator('mended', { ...head, onFailure: 'pause' }).track(
  'm',
  track('m', input)
    .step('n', needs, () => 'mended')
    .step('e', echo, ({ previous }) => previous),
);
const paused = orchestrator('paused', head).track(
  'p',
  track('p', input)
    .step('a', echo, () => 1)
    .sleep('nap', '20s')
    .step('b', echo, () => 2),
);
const decided = orchestrator('decided', head).track(
  'd',
  track('d', input)
    .approval('a', { ask: 'Both?', propose: () => ({ n: 1 }), decisions: ['approve', 'edit'], quorum: 2 })
    .step('e', echo, ({ outputs }) => outputs.a.value),
);
const endless = (name: string): AnyOrchestrator =>
  orchestrator(name, head).track('c', track('c', input).step('w', waits));
const short = (name: string): AnyOrchestrator =>
  orchestrator(name, head).track(
    's',
    track('s', input).step('e', echo, ({ input: given }) => given),
    { input: ({ input: given }) => given },
  );

// --- One run that somebody says something to --------------------------------------------------

const SINGLE: readonly Client[] = [
  // Each signal twice, from wherever: as a webhook does that was not answered.
  single(collecting, ['completed', { c: NUMBERS }], (desk, id) =>
    all(
      [...NUMBERS, ...NUMBERS].map(async (n) => {
        await desk.soon();
        const { answer } = await desk.ask((box) => box.signal(id, 'n', n, { id: `n${n}` }));
        if (answer !== 'accepted' && answer !== 'buffered') throw new Error(`signal ${n} was answered with ${answer}`);
      }),
    ),
  ),
  single(endless('cancelled'), ['cancelled', null], (desk, id) =>
    all(
      ['eve', 'tom'].map(async (by) => {
        await desk.soon();
        await desk.ask((box) => box.run(id).cancel({ by, reason: 'enough' }));
      }),
    ),
  ),
  single(endless('abandoned'), ['cancelled', null], async (desk, id) => {
    await desk.soon();
    await desk.ask((box) => box.run(id).abandon({ by: 'eve', reason: 'nobody needs it' }));
  }),
  single(mended, ['completed', { m: 'mended' }], async (desk, id) => {
    for (;;) {
      await desk.soon();
      const { status, steps } = await desk.ask((box) => box.run(id).snapshot());
      if (status === 'completed') return;
      if (steps['m/n']?.status !== 'awaitingIntervention') continue;
      await desk.askIfOpen((box) => box.run(id).retry('m/n', { by: 'eve', reason: 'mended' }));
    }
  }),
  single(paused, ['completed', { p: 2 }], async (desk, id) => {
    await desk.soon();
    await desk.askIfOpen((box) => box.run(id).pause({ by: 'eve' }));
    await desk.soon();
    await desk.askIfOpen((box) => box.run(id).resume({ by: 'tom' }));
  }),
  single(decided, ['completed', { d: { n: 1 } }], (desk, id) =>
    all(
      ['ann', 'bob', 'ann'].map(async (by) => {
        await desk.soon();
        for (;;) {
          const say = { decision: 'approve', by, id: `${by} says so` } as const;
          if ((await desk.ask((box) => box.decide(`${id}/d/a#1`, say))).answer !== 'noSuchApproval') return;
          await desk.world.after(500);
        }
      }),
    ),
  ),
];

// --- Runs that follow each other, or share something --------------------------------------------

const again = short('again');
const deletes: Client = {
  name: 'deletes',
  flows: [again],
  async act(desk) {
    for (let round = 1; ; ) {
      try {
        await desk.start(again, { id: 'again', key: 'again', input: round });
        round += 1;
      } catch (error) {
        // A start of the round before was given up, and done all the same.
        if (codeOf(error) !== 'run-exists') throw error;
      }
      await desk.over('again');
      if (round > 3) return;
      // Whether it was this one that has deleted it or one that was not answered is the same.
      await desk.ask((box) => box.run('again').delete({ by: 'eve' }));
      while ((await desk.ask((box) => box.runs({ orchestrator: 'again' }))).runs.length > 0)
        await desk.world.after(500);
    }
  },
  async faults(box) {
    const run = box.run('again') as unknown as Run<unknown>;
    const { output } = await run.outcome();
    const faults = await faultsOfHistory(run);
    if (JSON.stringify(output) !== '{"s":3}') faults.push(`the last of three ends with ${JSON.stringify(output)}`);
    return faults;
  },
};

const keyed = short('keyed');
const keys: Client = {
  name: 'keys',
  flows: [keyed],
  async act(desk) {
    const starts = ['k', 'l', 'k', 'l', 'k'].map(async (key) => {
      await desk.soon();
      const id = await desk.start(keyed, { key, input: key });
      await desk.over(id);
      return `${key} is ${id}`;
    });
    const ids = new Set(await Promise.all(starts));
    if (ids.size !== 2) throw new Error(`of two keys there are ${[...ids].join(', ')}`);
  },
  async faults(box) {
    const { runs } = await box.runs({ orchestrator: 'keyed' });
    return runs.length === 2 ? [] : [`${runs.length} runs of two keys`];
  },
};

const alone = orchestrator('alone', head).track(
  'a',
  track('a', input)
    .sleep('nap', '3s')
    .step('e', echo, () => 1),
);
const singletons: Client = {
  name: 'singletons',
  flows: [alone],
  act: (desk) =>
    all(
      [1, 2, 3, 4, 5].map(async () => {
        await desk.soon();
        await desk.over(await desk.start(alone, { singleton: 'one' }));
      }),
    ),
  async faults(box, world) {
    const { runs } = await box.runs({ orchestrator: 'alone' });
    // By clocks that differ it is not to be seen.
    if (world.hasClocks) return [];
    const rows = (runs as readonly Pick<RunRow, 'run' | 'startedAt' | 'endedAt'>[]).toSorted(
      (left, right) => left.startedAt - right.startedAt,
    );
    return rows.flatMap(({ run, startedAt }, at) => {
      const before = rows[at - 1];
      return before !== undefined && (before.endedAt ?? 0) > startedAt
        ? [`${before.run} was still live when ${run} began`]
        : [];
    });
  },
};

const LIMIT = 4;
const draw = body('draws', () => 1, { budget: { limit: LIMIT, per: '1d' } });
const drawing = orchestrator('drawing', head).track('d', track('d', input).step('d', draw));
const PAINTERS = 9;
const spends: Client = {
  name: 'spends',
  flows: [drawing],
  act: (desk) =>
    all(
      Array.from({ length: PAINTERS }, async (_, at) => {
        await desk.soon();
        await desk.over(await desk.start(drawing, { id: `draw${at}` }));
      }),
    ),
  async faults(box) {
    const faults: string[] = [];
    const spent = [...begun].filter((key) => key.startsWith('draw')).length;
    if (spent > LIMIT) faults.push(`${spent} were let through by a budget of ${LIMIT}`);
    // Whoever dies while it counts has spent it: never more, and perhaps less.
    for (let at = 0; at < PAINTERS; at += 1) {
      const { status, failures } = await (box.run(`draw${at}`) as unknown as Run<unknown>).outcome();
      if (status !== 'completed' && failures[0]?.code !== 'budget-spent')
        faults.push(`draw${at} is ${status}: ${failures[0]?.message}`);
    }
    return faults;
  },
};

const ticking = short('ticking');
const schedules: Client = {
  name: 'schedules',
  flows: [ticking],
  async act(desk) {
    const given = { orchestrator: ticking, input: 1, every: '10s', overlap: 'allowAll', catchUp: '1d' } as const;
    await all([1, 2].map(() => desk.ask((box) => box.schedule('tick', given as never))));
    await desk.world.after(60_000);
    await desk.ask(async (box) => (await box.schedule('tick')).pause({ by: 'eve' }));
    for (;;) {
      const { running } = await desk.ask(async (box) => (await box.schedule('tick')).state());
      if (running.length === 0) return;
      await desk.world.after(1_000);
    }
  },
  async faults(box) {
    const { counts } = await (await box.schedule('tick')).state();
    const { runs } = await box.runs({ orchestrator: 'ticking' });
    const faults: string[] = [];
    const times = runs.map(({ startedAt, metadata }) => ({
      startedAt,
      at: (metadata as { schedule?: { at?: string } }).schedule?.at,
    }));
    if (new Set(times.map(({ at }) => at)).size !== runs.length) faults.push('a time has two runs');
    if (
      counts.started !== runs.length ||
      counts.completed !== runs.length ||
      counts.missed + counts.failed + counts.dropped > 0
    )
      faults.push(`${runs.length} runs, and ${JSON.stringify(counts)}`);
    const instants = times.map(({ at }) => Date.parse(at ?? '')).sort();
    if (instants.some((at, index) => index > 0 && at - (instants[index - 1] as number) !== 10_000))
      faults.push(`times are left out: ${times.map(({ at }) => at).sort()}`);
    return faults;
  },
};

const followed = collecting.name;
/** Reads the events of a run as they come; when its process is gone, it goes on from where it was with another one. */
const follows: Client = {
  name: 'follows',
  flows: [],
  async act(desk) {
    const id = `run-${followed}`;
    seen.length = 0;
    let isOver = false;
    while (!isOver) {
      try {
        isOver = await desk.ask(async (box) => {
          for await (const { seq } of box.run(id).events({ after: seen.at(-1) ?? 0 }))
            if (seq > (seen.at(-1) ?? 0)) seen.push(seq);
          return true;
        });
      } catch (error) {
        // It has not begun yet.
        if (codeOf(error) !== 'run-unknown') throw error;
      }
      await desk.world.after(500);
    }
  },
  async faults(box) {
    const last = (await historyOf(box.run(`run-${followed}`) as unknown as Run<unknown>)).length;
    return String(seen) === String(Array.from({ length: last }, (_, at) => at + 1))
      ? []
      : [`heard ${seen} of ${last} events`];
  },
};
const seen: number[] = [];

export const CLIENTS: readonly Client[] = [...SINGLE, deletes, keys, singletons, spends, schedules, follows];
