/**
 * A run that takes over from another one, as a function of rows (S16). Runs of every scenario come to an end at random; each is made again
 * from places at random, and that run from places of its own, and so on. The new run goes on from its rows as it would have gone on,
 * and what it has taken over it does not do again.
 */
import { describe, expect, test } from 'vitest';
import { planOf } from '../../src/dsl/index.ts';
import { builtInKinds } from '../../src/machines/index.ts';
import { isTerminal } from '../../src/status.ts';
import { type Rerun, takenOver } from '../../src/core/rerun.ts';
import type { Json, JsonObject } from '../../src/json.ts';
import { dice, PAYLOADS } from '../helpers/rows.ts';
import { endless, rerun as again, scenarios } from '../helpers/scenarios.ts';
import { held, late } from '../helpers/undoing.ts';
import { laneOf, walk, type Walked } from './walk.ts';

const WALKS = 25;
/** How often one is made again of the one before. */
const GENERATIONS = 3;

/** Where somebody may want a run to go on, and somewhere else now and then. */
function wanted({ rows }: Walked, throws: (below: number) => number): string {
  const paths = [...rows.actors.keys()].filter((path) => path !== '');
  return throws(20) === 0 || paths.length === 0 ? 'nowhere' : (paths[throws(paths.length)] as string);
}

/** Places that a run has taken over, with all that it is told of them. */
function takenIn({ below }: Rerun) {
  return [...below].flatMap(([path, list]) =>
    list.map((each) => ({ ...each, path: path === '' ? each.name : `${path}/${each.name}` })),
  );
}

/** What was taken over has a row as it ended, from the commit on in which its parent began, and nothing is asked for it. */
function check(rerun: Rerun, { rows, owed, steps }: Walked): void {
  const taken = takenIn(rerun);
  const isTaken = (path: string): boolean =>
    taken.some((each) => path === each.path || path.startsWith(`${each.path}/`));
  for (const each of owed) expect(isTaken(each.path) ? each : null, `asked for in what was taken over`).toBe(null);
  const writes = steps.flatMap(({ actors }) => actors.map(({ path }) => path)).filter(isTaken);
  expect(writes.length, 'each is written once').toBe(new Set(writes).size);
  for (const { path, status, input, output, failed } of taken) {
    const row = rows.actors.get(path);
    const parent = rows.actors.get(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    // A parent that has not begun has taken over nothing, and one whose rounds are dropped has nothing any more.
    if (row === undefined) {
      expect(parent === undefined || parent.attempt === 0, `${path} is missing`).toBe(true);
      continue;
    }
    const state = failed?.state ?? status;
    expect(row).toMatchObject({ state, input, output, error: failed?.error ?? null, memory: { takenFrom: rerun.of } });
  }
  const told = steps.flatMap(({ events }) => events);
  expect(told.filter(({ type }) => type === 'run.rerun')).toHaveLength(1);
  expect(steps[0]?.events.some(({ type }) => type === 'run.rerun')).toBe(true);
  const completed = told.flatMap(({ type, path }) => (type === 'step.completed' ? [path] : []));
  expect(completed.length, 'a step completes once').toBe(new Set(completed).size);
}

/** What was set in a run, in order: what was set before in what it took over, and then its own; rows that are gone by now included. */
type Log = readonly (readonly [path: string, values: JsonObject])[];

function logOf(before: Log, { steps }: Walked): Log {
  const rows = steps.flatMap(({ actors }) => actors);
  const own = rows.filter(({ kind, state, memory }) => {
    return kind === 'set' && state === 'completed' && memory.takenFrom === undefined;
  });
  const sorted = own.sort((left, right) => (left.endedSeq ?? 0) - (right.endedSeq ?? 0));
  return [...before, ...sorted.map(({ path, input }) => [path, input as JsonObject] as const)];
}

function logTaken(log: Log, rerun: Rerun): Log {
  const taken = takenIn(rerun);
  return log.filter(([path]) => taken.some((each) => path === each.path || path.startsWith(`${each.path}/`)));
}

const flows = [...scenarios, again, endless, late, held].filter((flow) => planOf(flow).root.children.length > 0);

describe.each(flows.map((flow) => ({ name: flow.name, flow })))('a rerun of $name', ({ flow }) => {
  test('goes on from its rows, wherever and of whichever end it is made, and does nothing of what it took over (S16, I3, I6)', () => {
    const { root } = planOf(flow);
    let [made, took, set] = [0, 0, 0];
    for (let seed = 1; seed <= WALKS; seed += 1) {
      const throws = dice(`rerun of ${flow.name} ${seed}`);
      let walked = walk(flow, `${flow.name} ${seed}`, laneOf(seed));
      let log = logOf([], walked);
      for (let generation = 1; generation <= GENERATIONS && isTerminal(walked.rows.row.status); generation += 1) {
        const from = wanted(walked, throws);
        const taken = takenOver(builtInKinds, root, walked.rows.actors, from);
        if ('why' in taken) {
          expect(taken.why).not.toBe('');
          continue;
        }
        const given = throws(3) === 0 ? { input: PAYLOADS[throws(PAYLOADS.length)] as Json } : {};
        const rerun: Rerun = { of: walked.rows.row.run, from, ...given, ...taken };
        const kept = logTaken(log, rerun);
        const variables = Object.assign({}, ...kept.map(([, values]) => values));
        expect(rerun.variables ?? {}, 'it begins with what was set in what it takes over').toEqual(variables);
        walked = walk(flow, `${flow.name} ${seed} ${generation}`, laneOf(seed + generation), rerun);
        log = logOf(kept, walked);
        set += kept.length;
        check(rerun, walked);
        if (given.input !== undefined && walked.rows.actors.has(from))
          expect(walked.rows.actors.get(from)?.input).toEqual(given.input);
        made += 1;
        took += takenIn(rerun).length;
      }
    }
    expect(made, 'runs that were made again').toBeGreaterThan(0);
    if (flow === again) {
      expect(took, 'what was taken over').toBeGreaterThan(WALKS);
      expect(set, 'what was set in it').toBeGreaterThan(WALKS);
    }
  });
});
