/** Courses of a world: runs that are started and asked for things by clients, while processes die, stop and lose their lines. */
import { type AnyOrchestrator, orchestrator, type Run, type Signalbox, task, track } from 'signalbox';
import { inMemory, play, type Played } from '../crash/play.ts';
import { isTerminal } from '../../src/status.ts';
import { called, playing, scenarios } from '../helpers/scenarios.ts';
import { Anything, faultsOfHistory, historyOf } from '../helpers/stage.ts';
import { type Process, type Weather, World } from './world.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;

/** What a box may answer with while its line is bad, or its runs are another's by now. */
const PASSING = new Set(['store-unusable', 'box-closed', 'lease-lost', 'store-lost', 'commit-conflict']);
const LATE = Symbol('late');

/** Asks one process after the other until one has answered. */
export async function asked<T>(world: World, ask: (box: Signalbox) => Promise<T>): Promise<T> {
  for (;;) {
    const boxes = world.living.flatMap(({ box }) => box ?? []);
    try {
      const late = world.after(20_000).then((): typeof LATE => LATE);
      const answer = boxes.length === 0 ? LATE : await Promise.race([ask(world.one(boxes)), late]);
      if (answer !== LATE) return answer;
    } catch (error) {
      if (!PASSING.has((error as { readonly code?: string }).code ?? '')) throw error;
    }
    await world.after(100 + world.below(1_000));
  }
}

// --- What clients do -------------------------------------------------------------------------

const echo = task('echoes', { input: Anything, output: Anything, run: async ({ input: given }) => given });
/** It fails until somebody has said that it is mended. */
const needs = task('needs', {
  input: Anything,
  output: Anything,
  run: async ({ input: given, attempt }) => {
    if (attempt === 1) throw new Error('it is broken');
    return given;
  },
});
const waits = task('waits', { input: Anything, output: Anything, run: () => new Promise(() => {}), cleanup: () => {} });
const NUMBERS = [1, 2, 3, 4, 5, 6];

const collecting = orchestrator('collecting', head).track(
  'c',
  NUMBERS.reduce(
    (made, n) => made.wait(`w${n}`, { signal: 'n', payload: Anything }) as never,
    track('c', input),
  ).output(({ outputs }) => Object.values(outputs as { [step: string]: number }).sort()),
);
const cancelled = orchestrator('cancelled', head).track('c', track('c', input).step('w', waits));
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

interface Client {
  readonly flow: AnyOrchestrator;
  /** What the run ends with, whatever the weather. */
  readonly end: readonly [status: string, output: unknown];
  /** What is done to it once it has been started. */
  act(world: World, id: string): Promise<unknown>;
}

const together = (works: readonly Promise<unknown>[]): Promise<unknown> => Promise.all(works);
const soon = (world: World): Promise<void> => world.after(world.below(15_000));

/** What was done already, or has no run any more that it could be done to, is refused. */
async function unlessOver(work: Promise<unknown>): Promise<void> {
  await work.catch((error: { readonly code?: string }) => {
    if (!['command-refused', 'command-failed', 'intervention-refused'].includes(error.code ?? '')) throw error;
  });
}

const CLIENTS: readonly Client[] = [
  {
    flow: collecting,
    end: ['completed', { c: NUMBERS }],
    // Each twice, from wherever: as a webhook does that was not answered.
    act: (world, id) =>
      together(
        [...NUMBERS, ...NUMBERS].map(async (n) => {
          await soon(world);
          const { answer } = await asked(world, (box) => box.signal(id, 'n', n, { id: `n${n}` }));
          if (answer !== 'accepted' && answer !== 'buffered')
            throw new Error(`signal ${n} was answered with ${answer}`);
        }),
      ),
  },
  {
    flow: cancelled,
    end: ['cancelled', null],
    act: (world, id) =>
      together(
        ['eve', 'tom'].map(async (by) => {
          await soon(world);
          await asked(world, (box) => box.run(id).cancel({ by, reason: 'enough' }));
        }),
      ),
  },
  {
    flow: mended,
    end: ['completed', { m: 'mended' }],
    async act(world, id) {
      for (;;) {
        await soon(world);
        const { status, steps } = await asked(world, (box) => box.run(id).snapshot());
        if (status === 'completed') return;
        if (steps['m/n']?.status !== 'awaitingIntervention') continue;
        // Somebody else may have been quicker: it may have been done, and the answer lost.
        await unlessOver(asked(world, (box) => box.run(id).retry('m/n', { by: 'eve', reason: 'mended' })));
      }
    },
  },
  {
    flow: paused,
    end: ['completed', { p: 2 }],
    async act(world, id) {
      await soon(world);
      await unlessOver(asked(world, (box) => box.run(id).pause({ by: 'eve' })));
      await soon(world);
      await unlessOver(asked(world, (box) => box.run(id).resume({ by: 'tom' })));
    },
  },
  {
    flow: decided,
    end: ['completed', { d: { n: 1 } }],
    act: (world, id) =>
      together(
        ['ann', 'bob', 'ann'].map(async (by) => {
          await soon(world);
          for (;;) {
            const answer = await asked(world, (box) =>
              box.decide(`${id}/d/a#1`, { decision: 'approve', by, id: `${by} says so` }),
            );
            if (answer.answer !== 'noSuchApproval') return;
            await world.after(500);
          }
        }),
      ),
  },
];

// --- A course --------------------------------------------------------------------------------

/** Those whose outcome depends on how long things take, and why. */
const TIMED = new Map<string, string>([
  ['faults', 'two items fail beside each other: the first one cancels the other'],
  ['undoneRace', 'how far the loser of a race has got is what there is to undo'],
  ['sides', 'the winner of a race cancels the others, or comes after they have failed'],
]);
const played = scenarios.filter(({ name }) => !TIMED.has(name));
const flows = [...played, ...CLIENTS.map(({ flow }) => flow)];

/** Nothing else in a run is called so. */
const idOf = ({ name }: AnyOrchestrator): string => `of-${name}`;
/** As it was called where it was played alone. */
const asAlone = (text: string, flow: AnyOrchestrator): string =>
  text.replaceAll(idOf(flow), 'r').replaceAll(/\.[0-9a-f]{20}/g, '.child');

const clean = new Map<string, Promise<Played>>();
const cleanOf = (flow: AnyOrchestrator): Promise<Played> => {
  const known = clean.get(flow.name) ?? play(flow, [], inMemory());
  clean.set(flow.name, known);
  return known;
};

export interface Course {
  readonly seed: string;
  readonly weather: Weather;
  readonly processes: number;
  /** Every so many milliseconds something happens to a process. */
  readonly mishaps: number;
  /** For so many. */
  readonly lasts: number;
  /** How many of the scenarios. */
  readonly some: number;
}

/** Plays a course to its end. Answers with all that is wrong. */
export async function courseOf({ seed, weather, processes, mishaps, lasts, some }: Course): Promise<readonly string[]> {
  const world = new World(seed);
  const { TRACE } = process.env;
  if (TRACE !== undefined) world.trace(TRACE);
  const wrong: string[] = [];
  const chosen = [...played].sort(() => world.below(3) - 1).slice(0, some);
  for (const flow of chosen) await cleanOf(flow);
  called.length = 0;
  playing.box = {
    signal: (...args) => asked(world, (box) => box.signal(...args)),
    decide: (...args) => asked(world, (box) => box.decide(...args)),
    approval: (...args) => asked(world, (box) => box.approval(...args)),
  };
  world.weather = weather;
  for (let at = 0; at < processes; at += 1) world.process(flows);
  const open = new Set<string>();
  const during = (what: string, work: Promise<unknown>): void => {
    open.add(what);
    void work.then(
      () => open.delete(what),
      (error: Error) => {
        open.delete(what);
        wrong.push(`${what}: ${error.name} ${error.message}`);
      },
    );
  };
  for (const flow of chosen) during(flow.name, runOf(world, flow, idOf(flow)));
  for (const [at, { flow, act }] of CLIENTS.entries()) {
    const id = `client${at}`;
    during(flow.name, together([runOf(world, flow, id), started(world, flow, id).then(() => act(world, id))]));
  }

  for (let passed = 0; passed < lasts; passed += mishaps) {
    await world.clock.advance(mishaps);
    mishap(world);
  }
  world.weather = { ...weather, lost: 0, unheard: 0, missed: 0 };
  for (const process of world.living) {
    process.isCut = false;
    process.goOn();
  }
  if (world.living.length === 0) world.process(flows);
  await world.pass(600_000, 5_000, () => open.size > 0);
  for (const what of open) wrong.push(`${what} has not come to its end`);
  // What those have still to say who had nothing to do with it.
  await world.clock.advance(30_000);
  wrong.push(...(await faultsOf(world, chosen)));
  for (const process of world.processes) process.kill();
  return wrong;
}

/** One thing that happens to a process, or is over. */
function mishap(world: World): void {
  const process = world.one(world.living);
  if (process === undefined) return void world.process(flows);
  switch (world.below(6)) {
    case 0: {
      process.kill();
      return void world.process(flows);
    }
    case 1:
      return process.isStopped ? process.goOn() : process.stop();
    case 2: {
      process.isCut = !process.isCut;
      return;
    }
    case 3:
      // All at once, for a moment: the place is away.
      for (const each of world.living) each.isCut = true;
      return void world.after(world.below(15_000)).then(() => {
        for (const each of world.living) each.isCut = false;
      });
    default: {
      for (const each of world.living) {
        each.isCut = false;
        each.goOn();
      }
    }
  }
}

const started = (world: World, flow: AnyOrchestrator, id: string): Promise<Run<unknown>> =>
  asked(world, (box) => box.start(flow, { id, input: null }) as Promise<Run<unknown>>);

/** Starts a run, and waits for its end, from wherever. */
async function runOf(world: World, flow: AnyOrchestrator, id: string): Promise<void> {
  await started(world, flow, id);
  for (;;) {
    const { status } = await asked(world, (box) => box.run(id).snapshot());
    if (isTerminal(status)) return;
    await world.after(1_000);
  }
}

async function faultsOf(world: World, chosen: readonly AnyOrchestrator[]): Promise<readonly string[]> {
  const judge = world.process(flows);
  await world.pass(60_000, 1_000, () => judge.box === null);
  const { box } = judge;
  if (box === null) return ['nobody can open the place any more'];
  const faults: string[] = [];
  const answered = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false;
    void work.finally(() => (isOver = true)).catch(() => {});
    await world.pass(60_000, 50, () => !isOver);
    if (!isOver) throw new Error('the judge is not answered');
    return work;
  };
  for (const flow of chosen) {
    const run = box.run(idOf(flow)) as unknown as Run<unknown>;
    const wanted = await cleanOf(flow);
    const { status, output, outputs, error, failures } = await answered(run.outcome());
    const ended = [status, output, outputs, error?.message, failures.map(({ path, code }) => [path, code])];
    const outcome = asAlone(JSON.stringify(ended), flow);
    if (outcome !== asAlone(wanted.outcome, flow)) faults.push(`${flow.name}: ${outcome} instead of ${wanted.outcome}`);
    faults.push(...(await answered(faultsOfHistory(run))).map((fault) => `${flow.name}: ${fault}`));
    const [events, clean] = [await answered(historyOf(run)), wanted.history].map((list) => [...list].sort().join(', '));
    if (events !== clean) faults.push(`${flow.name}: ${events} instead of ${clean}`);
    const keys = [...new Set(called)]
      .filter((key) => !key.startsWith('told to end') && new RegExp(`\\b${idOf(flow)}[./]`).test(key))
      .map((key) => asAlone(key, flow))
      .sort();
    const before = wanted.keys.map((key) => asAlone(key, flow)).sort();
    if (String(keys) !== String(before)) faults.push(`${flow.name}: calls ${keys} instead of ${before}`);
  }
  for (const [at, { flow, end }] of CLIENTS.entries()) {
    const run = box.run(`client${at}`) as unknown as Run<unknown>;
    const { status, output } = await answered(run.outcome());
    const found = JSON.stringify([status, output]);
    if (found !== JSON.stringify(end)) faults.push(`${flow.name}: ${found} instead of ${JSON.stringify(end)}`);
    faults.push(...(await answered(faultsOfHistory(run))).map((fault) => `${flow.name}: ${fault}`));
  }
  faults.push(...heardTwice(world.processes));
  for (const { name, box: each, isDead } of world.processes) {
    if (isDead || each === null) continue;
    const { inMemory, refused } = each.counts;
    if (refused > 0) faults.push(`${name} has refused ${refused} runs`);
    if (inMemory > 2) faults.push(`${name} has ${inMemory} runs in memory`);
  }
  return faults;
}

/** A listener hears what its own box has committed, once (R11). */
function heardTwice(processes: readonly Process[]): readonly string[] {
  const seen = new Map<string, string>();
  const twice: string[] = [];
  for (const { name, heard } of processes)
    for (const event of heard) {
      if (seen.has(event)) twice.push(`event ${event} is told by ${seen.get(event)} and ${name}`);
      seen.set(event, name);
    }
  return twice;
}
