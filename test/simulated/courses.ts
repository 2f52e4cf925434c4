/** Courses of a world: the scenarios, and what clients do, while processes die, stop, and lose their lines; and what is wrong in the end. */
import type { AnyOrchestrator, Run } from 'signalbox';
import { inMemory, play, type Played } from '../crash/play.ts';
import { called, playing, scenarios } from '../helpers/scenarios.ts';
import { faultsOfHistory, historyOf } from '../helpers/stage.ts';
import { begun, CLIENTS, Desk } from './clients.ts';
import { CALM, type Process, type Weather, World } from './world.ts';

/** Those whose outcome depends on how long things take, and why. */
const TIMED = new Map<string, string>([
  ['faults', 'two items fail beside each other: the first one cancels the other'],
  ['undoneRace', 'how far the loser of a race has got is what there is to undo'],
  ['sides', 'the winner of a race cancels the others, or comes after they have failed'],
]);
const played = scenarios.filter(({ name }) => !TIMED.has(name));
const flows = [...played, ...CLIENTS.flatMap(({ flows }) => flows)];

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
  /** Clocks of processes are set. */
  readonly clocks?: boolean;
}

/** Plays a course to its end. Answers with all that is wrong. */
export async function courseOf({
  seed,
  weather,
  processes,
  mishaps,
  lasts,
  some,
  clocks = false,
}: Course): Promise<readonly string[]> {
  const world = new World(seed);
  world.hasClocks = clocks;
  const { TRACE } = process.env;
  if (TRACE !== undefined) world.trace(TRACE);
  const wrong: string[] = [];
  const desk = new Desk(world);
  const chosen = [...played].sort(() => world.below(3) - 1).slice(0, some);
  for (const flow of chosen) await cleanOf(flow);
  called.length = 0;
  begun.clear();
  playing.box = {
    signal: (...args) => desk.ask((box) => box.signal(...args)),
    decide: (...args) => desk.ask((box) => box.decide(...args)),
    approval: (...args) => desk.ask((box) => box.approval(...args)),
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
  for (const flow of chosen)
    during(
      flow.name,
      desk.start(flow, { id: idOf(flow) }).then((id) => desk.over(id)),
    );
  for (const client of CLIENTS) during(client.name, client.act(desk));

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
  if (wrong.length > 0) return wrong;
  // What those have still to say who had nothing to do with it.
  await world.clock.advance(30_000);
  world.weather = CALM;
  const faults = await faultsOf(world, chosen);
  // By clocks that are wrong, what comes later may be earlier.
  wrong.push(...faults.filter((fault) => !clocks || !fault.endsWith('goes back in time')));
  for (const process of world.processes) process.kill();
  return wrong;
}

/** One thing that happens to a process, or is over. */
function mishap(world: World): void {
  const process = world.one(world.living);
  if (process === undefined) return void world.process(flows);
  switch (world.below(world.hasClocks ? 7 : 6)) {
    case 6: {
      process.wrong = world.below(40_000) - 20_000;
      return;
    }
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
  for (const client of CLIENTS)
    faults.push(...(await answered(client.faults(box, world))).map((fault) => `${client.name}: ${fault}`));
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
